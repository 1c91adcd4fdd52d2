import type { OrderView, ordersRoutes } from '@sidecart/orders/contract.ts'
import { useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useRef, useState } from 'react'
import { ask } from '../api/client.ts'
import { mine } from '../api/queries.ts'
import { randomId } from '../api/random-id.ts'
import { Button } from '../ui/button.tsx'
import { TextField } from '../ui/field.tsx'
import { euro, formatMoney } from '../ui/money.ts'
import { Refused } from '../ui/notice.tsx'
import { useForm } from '../ui/use-form.ts'

/**
 * Refunds a part of the total. The idempotency key makes a retry after a lost response the same
 * refund.
 */
export function RefundPart({ order }: { order: OrderView }) {
  const { orderId, total, refunds = [] } = order
  const key = useRef<string>(undefined)
  const asked = refunds.filter(({ status }) => status !== 'refused')
  const left = (total?.amount ?? 0) - asked.reduce((sum, { amount }) => sum + amount.amount, 0)
  return (
    <OrderForm
      orderId={orderId}
      label="Refund a part"
      fields={
        <TextField
          label="Amount in euros"
          name="amount"
          type="number"
          inputMode="decimal"
          required
          min="0.01"
          max={(left / 100).toFixed(2)}
          step="0.01"
          hint={`At most ${formatMoney(euro(left))}`}
        />
      }
      onChange={() => {
        key.current = undefined
      }}
      send={async ({ amount, reason = '' }) => {
        key.current ??= randomId()
        await ask<typeof ordersRoutes.refundPart>('post', '/orders/{orderId}/refunds', {
          params: { orderId },
          headers: { 'idempotency-key': key.current },
          body: { amount: euro(Math.round(Number(amount) * 100)), reason },
        })
      }}
    />
  )
}

export function RejectReturn({ orderId }: { orderId: string }) {
  return (
    <OrderForm
      orderId={orderId}
      label="Reject the return"
      send={({ reason = '' }) =>
        ask<typeof ordersRoutes.rejectReturn>('post', '/orders/{orderId}/return/reject', {
          params: { orderId },
          body: { reason },
        })
      }
    />
  )
}

type OrderFormProps = {
  orderId: string
  label: string
  fields?: ReactNode
  onChange?: () => void
  send: (values: Record<string, string>) => Promise<unknown>
}

/** A button opening a form with a reason for the customer. */
function OrderForm(props: OrderFormProps) {
  const [open, setOpen] = useState(false)
  if (open) return <OpenForm {...props} onClose={() => setOpen(false)} />
  return (
    <Button
      look="quiet"
      aria-label={`${props.label} of order ${props.orderId}`}
      onClick={() => setOpen(true)}
    >
      {props.label}
    </Button>
  )
}

function OpenForm({
  label,
  fields,
  onChange,
  send,
  onClose,
}: OrderFormProps & { onClose: () => void }) {
  const queries = useQueryClient()
  const { faults, problem, busy, submit } = useForm(async (values) => {
    await send(values)
    await queries.invalidateQueries({ queryKey: [...mine(), 'ops'] })
    onClose()
  })
  return (
    <form className="card stack" aria-label={label} noValidate onSubmit={submit} onInput={onChange}>
      {fields}
      <TextField
        label="Reason, for the customer"
        name="reason"
        required
        maxLength={200}
        fault={faults.reason}
      />
      {faults.amount && <p className="fault">{faults.amount}</p>}
      <Refused problem={problem} />
      <div className="row">
        <Button type="submit" busy={busy}>
          {label}
        </Button>
        <Button look="quiet" onClick={onClose}>
          Close
        </Button>
      </div>
    </form>
  )
}
