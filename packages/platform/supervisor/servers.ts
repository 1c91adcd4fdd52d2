import { existsSync } from 'node:fs'
import { uses } from '../config/components/components.ts'
import { servers, serversFor } from '../servers/registry.ts'
import type { ProcessSpec } from './process-spec.ts'
import { mail, postgres, provider, sandboxOf, scheduler, sentry } from './servers/common.ts'
import { type ServerOptions, unitsOf } from './servers/unit.ts'
import { zipkin } from './servers/zipkin.ts'

export type Servers = {
  /** Servers required by the components in use. */
  needed: ProcessSpec[]
  /** All servers, including those of other component sets. */
  all: ProcessSpec[]
}

export function serversOf(options: ServerOptions): Servers {
  const authority = options.mtls ? [sentry] : []
  const forMails = uses('bindings.smtp', options.resources) ? [mail] : []
  const forPayments = existsSync(sandboxOf(options.project)) ? [provider] : []
  const common = [postgres, ...forMails, ...forPayments, ...authority, scheduler].map((unit) =>
    unit(options),
  )
  const viewer = zipkin(options)
  const inUse = serversFor(options.resources)
  const sets = servers.map((one) => ({ inUse: inUse.includes(one), units: unitsOf(one, options) }))
  return {
    needed: [
      ...sets.filter(({ inUse }) => inUse).flatMap(({ units }) => units),
      ...common,
      ...(options.isObserved ? [viewer] : []),
    ],
    all: [...sets.flatMap(({ units }) => units), ...common, viewer],
  }
}
