import { manifests } from '@sidecart/platform/config/manifests.ts'

type Handlers = (ports: never) => { event: { topic: string } }[]

/**
 * The topics handled by the code of each service with a table of handlers: `ordersHandlers` of
 * `services/orders/app.ts`, and so on. Building the tables runs no handler.
 */
export const handled: Record<string, string[]> = Object.fromEntries(
  (
    await Promise.all(
      manifests.map(async ({ name }) => {
        const app = (await import(`../../services/${name}/app.ts`)) as Record<string, Handlers>
        return { name, handlers: app[`${name}Handlers`]?.({} as never) }
      }),
    )
  ).flatMap(({ name, handlers }) =>
    handlers ? [[name, handlers.map(({ event }) => event.topic)]] : [],
  ),
)
