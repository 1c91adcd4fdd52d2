import { catalogRoutes } from '@sidecart/catalog/contract.ts'
import { Refusal } from '@sidecart/chassis/core/errors.ts'
import { callService } from '@sidecart/chassis/sidecar/service-client.ts'
import type { Sidecar } from '@sidecart/chassis/sidecar/sidecar.ts'
import { paymentsRoutes } from '@sidecart/payments/contract.ts'
import { usersRoutes } from '@sidecart/users/contract.ts'
import type { CatalogClient, PaymentsClient, UsersClient } from './ports.ts'

/** Milliseconds; each shorter than the saga's lease. */
const stepTimeoutMs = 5_000
const lookUpTimeoutMs = 1_000
const rememberedSkus = 10_000

/** Creates the client of catalog. Known SKUs are cached: products are discontinued, never deleted. */
export function createCatalogClient(sidecar: Sidecar): CatalogClient {
  const known = new Set<string>()
  return {
    async unknown(skus) {
      const unseen = skus.filter((sku) => !known.has(sku))
      if (unseen.length === 0) return []
      const { known: found } = await callService(
        sidecar,
        'catalog',
        catalogRoutes.lookUp,
        { query: { skus: unseen.join(',') } },
        { timeoutMs: lookUpTimeoutMs },
      )
      if (known.size > rememberedSkus) known.clear()
      for (const { sku } of found) known.add(sku)
      return unseen.filter((sku) => !known.has(sku))
    },
    async price(lines) {
      const query = { skus: lines.map(({ sku }) => sku).join(',') }
      const options = { timeoutMs: lookUpTimeoutMs }
      const { known: found } = await callService(
        sidecar,
        'catalog',
        catalogRoutes.lookUp,
        { query },
        options,
      )
      const products = new Map(found.map((product) => [product.sku, product]))
      return lines.flatMap(({ sku, quantity }) => {
        const product = products.get(sku)
        return product ? [{ sku, quantity, name: product.name, unitPrice: product.price }] : []
      })
    },
    reserve: (orderId, lines) =>
      callService(
        sidecar,
        'catalog',
        catalogRoutes.reserve,
        {
          params: { orderId },
          body: { lines: lines.map(({ sku, quantity }) => ({ sku, quantity })) },
        },
        { timeoutMs: stepTimeoutMs },
      ),
    async release(orderId) {
      await callService(
        sidecar,
        'catalog',
        catalogRoutes.release,
        { params: { orderId } },
        { timeoutMs: stepTimeoutMs },
      )
    },
    async returnGoods(orderId) {
      await callService(
        sidecar,
        'catalog',
        catalogRoutes.returnGoods,
        { params: { orderId } },
        { timeoutMs: stepTimeoutMs },
      )
    },
  }
}

export function createPaymentsClient(sidecar: Sidecar): PaymentsClient {
  return {
    charge: ({ id, customerId, card }, amount) =>
      callService(
        sidecar,
        'payments',
        paymentsRoutes.charge,
        { params: { orderId: id }, body: { customerId, amount, card } },
        { timeoutMs: stepTimeoutMs },
      ),
    refund: (orderId, reason) =>
      callService(
        sidecar,
        'payments',
        paymentsRoutes.refund,
        { params: { orderId }, body: { reason } },
        { timeoutMs: stepTimeoutMs },
      ),
    refundPart: (orderId, refundId, amount, reason) =>
      callService(
        sidecar,
        'payments',
        paymentsRoutes.refundPart,
        { params: { orderId, refundId }, body: { amount, reason } },
        { timeoutMs: stepTimeoutMs },
      ),
  }
}

export function createUsersClient(sidecar: Sidecar): UsersClient {
  return {
    async savedAddress(userId, addressId) {
      try {
        const query = { userId, addressId }
        const { addressId: _, ...address } = await callService(
          sidecar,
          'users',
          usersRoutes.savedAddress,
          { query },
          { timeoutMs: lookUpTimeoutMs },
        )
        return address
      } catch (error) {
        if (error instanceof Refusal && error.code === 'not-found') return undefined
        throw error
      }
    },
    async accountsWith(email) {
      const { userIds } = await callService(
        sidecar,
        'users',
        usersRoutes.lookUpAccounts,
        { body: { email } },
        { timeoutMs: lookUpTimeoutMs },
      )
      return userIds
    },
  }
}
