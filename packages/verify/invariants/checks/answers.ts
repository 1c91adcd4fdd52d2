import { type Check, listed } from '../check.ts'
import type { Answer, Line, OrderRow } from '../snapshot.ts'

type Accepted = Extract<Answer, { outcome: 'accepted' }>

/**
 * Compares the responses in the client journal with the shop's state. Without a journal nothing is
 * compared.
 */
export const answerChecks: readonly Check[] = [
  {
    name: 'accepted-orders-exist',
    scope: 'shop',
    means: 'each order that was accepted is there, for what was asked',
    violations: ({ orders, record }) => {
      const orderOf = new Map(orders.map((order) => [order.id, order]))
      const asked = new Map(record.asked.map((one) => [nameOf(one), one.lines]))
      return firstOfEach(record.answers.filter(isAccepted)).flatMap((answer) =>
        broken(answer, orderOf.get(answer.orderId), asked.get(nameOf(answer))),
      )
    },
  },
  {
    name: 'orders-asked-for',
    scope: 'shop',
    means: 'each order of those clients was asked for, and its key is that of no other order',
    violations: ({ orders, record }) => {
      const customers = new Set(record.customers)
      const theirs = orders.filter(({ customerId }) => customers.has(customerId))
      const asked = new Set(record.asked.map(nameOf))
      const taken = new Set(
        record.answers.filter(({ outcome }) => outcome !== 'refused').map(nameOf),
      )
      const answered = new Set(record.answers.map(nameOf))
      return [...Map.groupBy(theirs, nameOf)].flatMap(([name, same]) => {
        const ids = same.map(({ id }) => id).join(', ')
        if (!asked.has(name)) return `order ${ids} with ${name} that nobody asked for`
        if (same.length > 1) return `orders ${ids} with the one ${name}`
        return answered.has(name) && !taken.has(name) ? `order ${ids}, which was refused` : []
      })
    },
  },
  {
    name: 'repeats-answered-alike',
    scope: 'shop',
    means: 'who repeated an Idempotency-Key was answered the same, byte for byte',
    violations: ({ record }) =>
      [...Map.groupBy(record.answers.filter(isAccepted), nameOf)]
        .filter(([, answers]) => new Set(answers.map(({ response }) => response)).size > 1)
        .map(
          ([name, answers]) => `${name}: ${answers.map(({ response }) => response).join(' and ')}`,
        ),
  },
]

const nameOf = ({ customerId, key }: { customerId: string; key: string }): string =>
  `key ${key} of ${customerId}`

const isAccepted = (answer: Answer): answer is Accepted => answer.outcome === 'accepted'

const firstOfEach = (answers: readonly Accepted[]): Accepted[] => [
  ...new Map(
    answers.toReversed().map((answer) => [`${nameOf(answer)} ${answer.orderId}`, answer]),
  ).values(),
]

function broken(answer: Accepted, order?: OrderRow, lines?: readonly Line[]): string[] {
  const { orderId, key } = answer
  if (!order) return [`order ${orderId} (${nameOf(answer)}) was accepted and does not exist`]
  if (order.key !== key || order.customerId !== answer.customerId)
    return [`order ${orderId} was accepted for ${nameOf(answer)} and belongs to ${nameOf(order)}`]
  if (lines && listed(lines) !== listed(order.lines))
    return [`order ${orderId} is over ${listed(order.lines)}, not ${listed(lines)}`]
  return []
}
