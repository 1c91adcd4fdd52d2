import { callService } from '@sidecart/chassis/sidecar/service-client.ts'
import type { Sidecar } from '@sidecart/chassis/sidecar/sidecar.ts'
import { usersRoutes } from '@sidecart/users/contract.ts'
import type { CountEverywhere } from './shared-limit.ts'

/** Clients wait for the count: without it, a gateway counts alone. */
const countTimeoutMs = 500

export const createRequestCounts =
  (sidecar: Sidecar): CountEverywhere =>
  (client, requests) =>
    callService(
      sidecar,
      'users',
      usersRoutes.countRequests,
      { body: { client, requests } },
      { timeoutMs: countTimeoutMs },
    )
