import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { OrderView, ordersRoutes } from '../../../services/orders/contract.ts'
import { ask } from '../api/client.ts'
import { isOutage } from '../api/problem.ts'
import { orderQuery, productQuery } from '../api/queries.ts'
import { useChangeBasket } from '../basket/use-basket.ts'
import { Button } from '../ui/button.tsx'
import { Confirm } from '../ui/confirm.tsx'
import { toast } from '../ui/toasts.tsx'
import { canCancel, canRefund } from './status.ts'

/** What its customer can still do about an order. */
export function Actions({ order }: { order: OrderView }) {
  const [asking, setAsking] = useState<'cancel' | 'refund'>()
  return (
    <div className="row">
      {canCancel(order.status) && (
        <Button look="quiet" onClick={() => setAsking('cancel')}>
          Cancel the order
        </Button>
      )}
      {canRefund(order.status) && (
        <Button look="quiet" onClick={() => setAsking('refund')}>
          Ask for a refund
        </Button>
      )}
      {order.status === 'cancelled' && <TryAgain order={order} />}
      {asking && <Ask what={asking} order={order} onClose={() => setAsking(undefined)} />}
    </div>
  )
}

const questions = {
  cancel: {
    title: 'Cancel this order?',
    text: 'Nothing will be charged, and everything goes back on the shelf.',
    action: 'Cancel the order',
  },
  refund: {
    title: 'Ask for your money back?',
    text: 'The whole amount goes back to your card. Send what has arrived back to us.',
    action: 'Ask for a refund',
  },
}

type AskProps = { what: 'cancel' | 'refund'; order: OrderView; onClose: () => void }

function Ask({ what, order: { orderId }, onClose }: AskProps) {
  const queries = useQueryClient()
  const { queryKey } = orderQuery(orderId)
  const { mutate, isPending } = useMutation({
    mutationFn: () =>
      what === 'cancel'
        ? ask<typeof ordersRoutes.cancel>('post', '/orders/{orderId}/cancel', {
            params: { orderId },
          })
        : ask<typeof ordersRoutes.refund>('post', '/orders/{orderId}/refund', {
            params: { orderId },
          }),
    onSuccess: (order) => queries.setQueryData(queryKey, order),
    onError: (error) => {
      toast(isOutage(error) ? 'Orders do not answer now; please try again shortly.' : error.message)
      return queries.invalidateQueries({ queryKey })
    },
    onSettled: onClose,
  })
  const { title, text, action } = questions[what]
  return (
    <Confirm title={title} action={action} busy={isPending} onConfirm={mutate} onClose={onClose}>
      {text}
    </Confirm>
  )
}

function TryAgain({ order }: { order: OrderView }) {
  const change = useChangeBasket()
  const navigate = useNavigate()
  const queries = useQueryClient()
  async function tryAgain(): Promise<void> {
    // a price that was known before may be the very reason why the order was cancelled
    const stale = order.lines.map(({ sku }) => productQuery(sku).queryKey)
    await Promise.all(stale.map((queryKey) => queries.invalidateQueries({ queryKey })))
    for (const { sku, quantity } of order.lines) change({ kind: 'at-least', sku, quantity })
    await navigate({ to: '/checkout' })
  }
  return <Button onClick={() => void tryAgain()}>Try again</Button>
}
