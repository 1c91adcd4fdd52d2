import type { catalogRoutes } from '@sidecart/catalog/contract.ts'
import type { DeadLetter } from '@sidecart/chassis/contract/event.ts'
import type {
  Components,
  Faults,
  Invariants,
  OrderLog,
  ShopMap,
} from '@sidecart/operations/contract.ts'
import type { OrderStatus, ordersRoutes } from '@sidecart/orders/contract.ts'
import type { paymentsRoutes } from '@sidecart/payments/contract.ts'
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { ask, authenticated } from '../api/client.ts'
import { isProblem } from '../api/problem.ts'
import { mine } from '../api/queries.ts'

const ops = () => [...mine(), 'ops'] as const

/** Calls the operations API of the supervisor. @throws ShopProblem; 404 without a supervisor */
export async function askSupervisor<T>(path: string, method = 'get', body?: unknown): Promise<T> {
  const answer = await authenticated({
    method,
    path: `/operations/${path}`,
    ...(body !== undefined && { body }),
  })
  return (await answer.json()) as T
}

const deskQuery = <T>(path: string, everyMs: number) =>
  queryOptions({
    queryKey: [...ops(), 'desk', path],
    queryFn: () => askSupervisor<T>(path),
    refetchInterval: everyMs,
    staleTime: 0,
  })

export const mapQuery = () => deskQuery<ShopMap>('map', 2_000)
export const invariantsQuery = () => deskQuery<Invariants>('invariants', 3_000)
export const faultsQuery = () => deskQuery<Faults>('faults', 3_000)
export const componentsQuery = () => deskQuery<Components>('components', 15_000)

export const sagasQuery = () =>
  queryOptions({
    queryKey: [...ops(), 'sagas'],
    queryFn: async () => (await ask<typeof ordersRoutes.sagas>('get', '/orders/sagas', {})).sagas,
    refetchInterval: 2_000,
  })

/** A text that is searched as an e-mail; anything else is a name or an order id. */
const wholeEmail = /^\s*[^\s@]+@[^\s@]+\.[^\s@]{2,}\s*$/

/** Search criteria; an empty text is no filter. `day` is a date in the operator's time zone. */
export type OrderSearch = { q: string; states: readonly OrderStatus[]; day: string }

export const allOrdersQuery = ({ q, states, day }: OrderSearch) =>
  infiniteQueryOptions({
    queryKey: [...ops(), 'orders', q, states, day],
    queryFn: ({ pageParam: cursor, signal }) =>
      ask<typeof ordersRoutes.list>('get', '/orders', {
        query: {
          ...{ all: 'true' as const, limit: '50', cursor, ...momentsOf(day) },
          ...(wholeEmail.test(q) ? { email: q } : { q }),
          ...(states.length > 0 && { status: states.join() }),
        },
        signal,
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor,
    placeholderData: keepPreviousData,
    // polls only while the list shows the first page
    refetchInterval: ({ state: { data } }) => ((data?.pages.length ?? 0) > 1 ? false : 3_000),
  })

/** The beginning and the end of a day in the operator's time zone. */
function momentsOf(day: string): { from?: string; to?: string } {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number)
  if (!day) return {}
  const at = (days: number) => new Date(year, month - 1, date + days).toISOString()
  return { from: at(0), to: at(1) }
}

/** All products, including discontinued ones. */
export const stockedProductsQuery = (q: string, discontinued: 'any' | 'true' | 'false') =>
  infiniteQueryOptions({
    queryKey: [...ops(), 'products', q, discontinued],
    queryFn: ({ pageParam: cursor, signal }) =>
      ask<typeof catalogRoutes.list>('get', '/products', {
        query: { q, discontinued, limit: '24', cursor, ...(!q && { sort: 'name' as const }) },
        signal,
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor,
    placeholderData: keepPreviousData,
  })

export const salesQuery = (minutes: number) =>
  queryOptions({
    queryKey: [...ops(), 'sales', minutes],
    queryFn: () =>
      ask<typeof ordersRoutes.sales>('get', '/orders/sales', {
        query: { minutes: String(minutes), stretches: '30' },
      }),
    placeholderData: keepPreviousData,
    refetchInterval: 5_000,
  })

export const stockQuery = (sku: string) =>
  queryOptions({
    queryKey: [...ops(), 'stock', sku],
    queryFn: () =>
      ask<typeof catalogRoutes.stock>('get', '/products/{sku}/stock', { params: { sku } }),
  })

export type Letter = DeadLetter & { service: string }

/** Returns the order id in an event, if any. */
export const orderIn = ({ event }: Pick<Letter, 'event'>): string | undefined =>
  (event?.data as { orderId?: string } | null | undefined)?.orderId

const listeners = ['carts', 'catalog', 'notifications', 'orders']

export const lettersQuery = () =>
  queryOptions({ queryKey: [...ops(), 'letters'], queryFn: allLetters, refetchInterval: 3_000 })

/** Returns the dead letters of every consumer, and the names of unavailable services. */
async function allLetters() {
  const lists = await Promise.all(
    listeners.map((service) => lettersOf(service).catch(() => service)),
  )
  const letters = lists.filter((list) => typeof list !== 'string').flat()
  return {
    letters: letters.sort((one, other) => other.arrivedAt.localeCompare(one.arrivedAt)),
    silent: lists.filter((list) => typeof list === 'string'),
  }
}

async function lettersOf(service: string): Promise<Letter[]> {
  const answer = await authenticated({ method: 'get', path: `/${service}/dead-letters` })
  const { deadLetters } = (await answer.json()) as { deadLetters: DeadLetter[] }
  return deadLetters.map((letter) => ({ service, ...letter }))
}

/**
 * All data about one order: from the services, the provider and the logs. Parts from unavailable
 * services are missing.
 */
export const storyQuery = (orderId: string) =>
  queryOptions({
    queryKey: [...ops(), 'story', orderId],
    queryFn: async () => {
      const input = { params: { orderId } }
      const [order, { history }, stock, payment, mails, trail, { letters }] = await Promise.all([
        ask<typeof ordersRoutes.get>('get', '/orders/{orderId}', input),
        ask<typeof ordersRoutes.history>('get', '/orders/{orderId}/history', input),
        orNothing(ask<typeof catalogRoutes.orderStock>('get', '/catalog/orders/{orderId}', input)),
        orNothing(ask<typeof paymentsRoutes.payment>('get', '/payments/{orderId}', input)),
        orNothing(mailsAbout(orderId)),
        orNothing(askSupervisor<OrderLog>(`orders/${orderId}`)),
        allLetters(),
      ])
      return {
        order,
        history,
        stock,
        payment,
        mails: mails ?? [],
        trail,
        letters: letters.filter((letter) => orderIn(letter) === orderId),
      }
    },
    placeholderData: keepPreviousData,
    refetchInterval: 2_000,
  })
export type Story = Awaited<ReturnType<NonNullable<ReturnType<typeof storyQuery>['queryFn']>>>

/** What the story of an order shows of a mail. */
export type Mail = {
  kind: string
  status: string
  subject: string
  createdAt: string
  sentAt?: string
  problem?: string
}

async function mailsAbout(orderId: string): Promise<Mail[]> {
  const path = `/notifications?orderId=${orderId}&limit=100`
  const answer = await authenticated({ method: 'get', path })
  return ((await answer.json()) as { notifications: Mail[] }).notifications
}

const orNothing = <T>(asked: Promise<T>): Promise<T | undefined> => asked.catch(() => undefined)

export const isUnsupervised = (error: unknown): boolean => isProblem(error, 'not-found')
