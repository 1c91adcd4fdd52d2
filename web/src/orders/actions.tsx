import type { OrderView, ordersRoutes } from '@sidecart/orders/contract.ts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { ask } from '../api/client.ts'
import { isOutage } from '../api/problem.ts'
import { orderQuery, productQuery } from '../api/queries.ts'
import { useChangeCart } from '../cart/use-cart.ts'
import { Button } from '../ui/button.tsx'
import { Confirm } from '../ui/confirm.tsx'
import { formatMoney } from '../ui/money.ts'
import { toast } from '../ui/toasts.tsx'
import { canCancel, canReturn } from './status.ts'

/** The customer's possible actions on an order. */
export function Actions({ order }: { order: OrderView }) {
  const [asking, setAsking] = useState<keyof typeof questions>()
  return (
    <div className="row">
      {canCancel(order.status) && (
        <Button look="quiet" onClick={() => setAsking('cancel')}>
          Cancel the order
        </Button>
      )}
      {order.status === 'confirmed' && (
        <Button look="quiet" onClick={() => setAsking('refund')}>
          Ask for a refund
        </Button>
      )}
      {canReturn(order) && (
        <Button look="quiet" onClick={() => setAsking('return')}>
          Send it back
        </Button>
      )}
      <ReturnState order={order} />
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
    text: 'The whole amount goes back to your card.',
    action: 'Ask for a refund',
  },
  return: {
    title: 'Send this order back?',
    text: 'We will tell you here whether and how. Your money comes back once the goods have arrived.',
    action: 'Ask to send it back',
  },
}

const returnStates = {
  requested: 'You asked to send this back; we will answer here.',
  approved: 'You may send this back. Your money comes back once it has arrived.',
  rejected: 'You cannot send this back',
  received: 'What you sent back has arrived.',
}

/** The state of the return, and the amount refunded so far. */
function ReturnState({ order: { goodsReturn, refundedTotal, status } }: { order: OrderView }) {
  return (
    <>
      {goodsReturn && (
        <p className="soft">
          {returnStates[goodsReturn.status]}
          {goodsReturn.answer && `: ${goodsReturn.answer}`}
        </p>
      )}
      {refundedTotal && status !== 'refunded' && (
        <p className="soft">{formatMoney(refundedTotal)} went back to your card.</p>
      )}
    </>
  )
}

type AskProps = { what: keyof typeof questions; order: OrderView; onClose: () => void }

function Ask({ what, order: { orderId }, onClose }: AskProps) {
  const queries = useQueryClient()
  const { queryKey } = orderQuery(orderId)
  const { mutate, isPending } = useMutation({
    mutationFn: () => wish(what, orderId),
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

function wish(what: AskProps['what'], orderId: string): Promise<OrderView> {
  const params = { orderId }
  switch (what) {
    case 'cancel':
      return ask<typeof ordersRoutes.cancel>('post', '/orders/{orderId}/cancel', { params })
    case 'refund':
      return ask<typeof ordersRoutes.refund>('post', '/orders/{orderId}/refund', { params })
    case 'return':
      return ask<typeof ordersRoutes.requestReturn>('post', '/orders/{orderId}/return', {
        params,
        body: {},
      })
  }
}

function TryAgain({ order }: { order: OrderView }) {
  const change = useChangeCart()
  const navigate = useNavigate()
  const queries = useQueryClient()
  async function tryAgain(): Promise<void> {
    // an outdated cached price may be the reason for the cancellation
    const stale = order.lines.map(({ sku }) => productQuery(sku).queryKey)
    await Promise.all(stale.map((queryKey) => queries.invalidateQueries({ queryKey })))
    for (const { sku, quantity } of order.lines) change({ kind: 'at-least', sku, quantity })
    await navigate({ to: '/checkout' })
  }
  return <Button onClick={() => void tryAgain()}>Try again</Button>
}
