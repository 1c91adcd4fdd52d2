import { callService } from '@sidecart/chassis/sidecar/service-client.ts'
import type { Sidecar } from '@sidecart/chassis/sidecar/sidecar.ts'
import { usersRoutes } from '@sidecart/users/contract.ts'
import type { ReadEndedSessions } from './ended-sessions.ts'
import type { CountEverywhere } from './shared-limit.ts'

/** Clients wait for these answers, and a gateway goes on without them. */
const timeoutMs = 500

export const createRequestCounts =
  (sidecar: Sidecar): CountEverywhere =>
  (client, requests) =>
    callService(
      sidecar,
      'users',
      usersRoutes.countRequests,
      { body: { client, requests } },
      { timeoutMs },
    )

export const createEndedSessions =
  (sidecar: Sidecar): ReadEndedSessions =>
  (since) =>
    callService(
      sidecar,
      'users',
      usersRoutes.endedSessions,
      { query: since === undefined ? {} : { since } },
      { timeoutMs },
    )
