import type { catalogRoutes, ProductQuery } from '@sidecart/catalog/contract.ts'
import type { OrderView, ordersRoutes } from '@sidecart/orders/contract.ts'
import type { usersRoutes } from '@sidecart/users/contract.ts'
import {
  infiniteQueryOptions,
  keepPreviousData,
  QueryClient,
  queryOptions,
} from '@tanstack/react-query'
import { ask } from './client.ts'
import { keepOutages } from './outages.ts'
import { isOutage } from './problem.ts'
import { currentUser } from './session.ts'

const owned = 'mine'

/** Key prefix of the current user's data, so that no other user reads the data from the cache. */
export const mine = (user = currentUser()) => [owned, user] as const

/** Removes all users' data from the cache. */
export const forgetMine = (queries: QueryClient): void =>
  queries.removeQueries({ queryKey: [owned] })

const minute = 60_000
const againMs = 4_000

/** Failed queries are retried during an outage, so that pages recover without a reload. */
export function createQueries(): QueryClient {
  const queries = new QueryClient({
    defaultOptions: {
      queries: {
        networkMode: 'always',
        staleTime: 15_000,
        gcTime: 30 * minute,
        retry: (failures, error) => failures < 1 && isOutage(error),
        retryDelay: 400,
        refetchInterval: ({ state }) => (isOutage(state.error) ? againMs : false),
      },
      mutations: { networkMode: 'always', retry: false },
    },
  })
  keepOutages(queries)
  return queries
}

export type Listing = Pick<ProductQuery, 'q' | 'category' | 'sort'> & {
  minPrice?: number | undefined
  maxPrice?: number | undefined
  inStock?: boolean | undefined
}

const pageSize = 24

const listingQuery = ({ minPrice, maxPrice, inStock, ...rest }: Listing) => ({
  ...rest,
  minPrice: minPrice?.toString(),
  maxPrice: maxPrice?.toString(),
  inStock: inStock ? ('true' as const) : undefined,
})

/** Countries the shop ships to. */
export const countriesQuery = () =>
  queryOptions({
    queryKey: ['countries'],
    queryFn: async ({ signal }) =>
      (await ask<typeof usersRoutes.countries>('get', '/countries', { signal, anonymous: true }))
        .countries,
    staleTime: 30 * minute,
  })

export const productsQuery = (listing: Listing) =>
  infiniteQueryOptions({
    queryKey: ['products', listing],
    queryFn: ({ pageParam: cursor, signal }) =>
      ask<typeof catalogRoutes.list>('get', '/products', {
        query: { ...listingQuery(listing), limit: String(pageSize), cursor },
        signal,
        anonymous: true,
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor,
    placeholderData: keepPreviousData,
  })

/** Data of the first page: the newest products and the categories. */
export const newestQuery = () =>
  queryOptions({
    queryKey: ['newest'],
    queryFn: ({ signal }) =>
      ask<typeof catalogRoutes.list>('get', '/products', {
        query: { sort: 'newest', limit: '100' },
        signal,
        anonymous: true,
      }),
    staleTime: minute,
  })

export const productQuery = (sku: string) =>
  queryOptions({
    queryKey: ['product', sku],
    queryFn: ({ signal }) =>
      ask<typeof catalogRoutes.find>('get', '/products/{sku}', {
        params: { sku },
        signal,
        anonymous: true,
      }),
  })

export const profileQuery = () =>
  queryOptions({
    queryKey: [...mine(), 'profile'],
    queryFn: ({ signal }) => ask<typeof usersRoutes.profile>('get', '/users/me', { signal }),
    // the link that is waited for may be opened elsewhere
    staleTime: ({ state: { data } }) =>
      data && (data.emailConfirmed === false || data.pendingEmail) ? 0 : 5 * minute,
  })

export const secondFactorQuery = () =>
  queryOptions({
    queryKey: [...mine(), 'second-factor'],
    queryFn: ({ signal }) =>
      ask<typeof usersRoutes.secondFactor>('get', '/users/me/second-factor', { signal }),
  })

export const sessionsQuery = () =>
  queryOptions({
    queryKey: [...mine(), 'sessions'],
    queryFn: ({ signal }) =>
      ask<typeof usersRoutes.sessions>('get', '/users/me/sessions', { signal }),
    select: ({ sessions }) => sessions,
  })

export const addressesQuery = () =>
  queryOptions({
    queryKey: [...mine(), 'addresses'],
    queryFn: async ({ signal }) =>
      (await ask<typeof usersRoutes.addresses>('get', '/users/me/addresses', { signal })).addresses,
  })

export const ordersQuery = () =>
  infiniteQueryOptions({
    queryKey: [...mine(), 'orders'],
    queryFn: ({ pageParam: cursor, signal }) =>
      ask<typeof ordersRoutes.list>('get', '/orders', { query: { limit: '10', cursor }, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor,
  })

export const orderQuery = (orderId: string) =>
  queryOptions({
    queryKey: [...mine(), 'order', orderId],
    queryFn: ({ signal }) =>
      ask<typeof ordersRoutes.get>('get', '/orders/{orderId}', { params: { orderId }, signal }),
    // a response may arrive after an event with a newer version
    structuralSharing: (known, order) => newer(known as OrderView | undefined, order as OrderView),
  })

const newer = (known: OrderView | undefined, order: OrderView): OrderView =>
  known && known.version >= order.version ? known : order

export const historyQuery = (orderId: string, version: number | undefined) =>
  queryOptions({
    queryKey: [...mine(), 'history', orderId, version],
    queryFn: async ({ signal }) =>
      (
        await ask<typeof ordersRoutes.history>('get', '/orders/{orderId}/history', {
          params: { orderId },
          signal,
        })
      ).history,
    placeholderData: keepPreviousData,
    enabled: version !== undefined,
  })
