import { watch } from 'node:fs'
import { join, sep } from 'node:path'
import type { Project } from '../config/project.ts'

/** Files without effect on a running service. */
const ignored =
  /\.(test|suite)\.ts$|(^|\/)(testing|access)\.ts$|(^|\/)\.dapr(\/|$)|\.md$|~$|\.sw[a-z]$/
/** Milliseconds: an editor writes a file more than once. */
const settleMs = 60

export type Watched = {
  /** Names of the app folders under `services/`. */
  services: readonly string[]
  /** Called for each service whose files have changed; not again before the promise has settled. */
  restart(service: string, file: string): Promise<void>
}

/**
 * Watches the folders of services, and the chassis, which is part of all of them. Changes made during a restart cause
 * another one. Returns a function that ends it.
 */
export function watchServices({ root }: Project, { services, restart }: Watched): () => void {
  const running = new Set<string>()
  const waiting = new Map<string, NodeJS.Timeout>()

  function changed(service: string, file: string): void {
    clearTimeout(waiting.get(service))
    const timer = setTimeout(() => {
      if (running.has(service)) return changed(service, file)
      waiting.delete(service)
      running.add(service)
      void restart(service, file).finally(() => running.delete(service))
    }, settleMs)
    waiting.set(service, timer)
  }

  const watchers = [
    ...services.map((service) => ({ folder: `services/${service}`, affected: [service] })),
    { folder: 'packages/chassis', affected: services },
  ].map(({ folder, affected }) =>
    watch(join(root, folder), { recursive: true }, (_, name) => {
      const file = `${folder}/${String(name).replaceAll(sep, '/')}`
      if (name === null || ignored.test(file)) return
      for (const service of affected) changed(service, file)
    }),
  )
  return () => {
    for (const watcher of watchers) watcher.close()
    for (const timer of waiting.values()) clearTimeout(timer)
  }
}
