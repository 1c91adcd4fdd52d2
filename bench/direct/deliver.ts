import type { App } from '@sidecart/chassis/http/app.ts'

const eventRoute = /^\/events\/(?!.*-dead-letters-v1$)/

/** What an app receives; its dead letters come from sidecars only. */
export const topicsOf = (app: App): string[] => [
  ...new Set(
    app.routes.flatMap(({ path }) => (eventRoute.test(path) ? path.replace(eventRoute, '') : [])),
  ),
]

/** Brings an event to the route that a sidecar would bring it to, in this process. */
export const deliverTo =
  (app: App, appToken: string) =>
  async (topic: string, event: string): Promise<boolean> => {
    const headers = {
      'content-type': 'application/cloudevents+json',
      'dapr-api-token': appToken,
    }
    const answer = await app.request(`/events/${topic}`, { method: 'POST', headers, body: event })
    const { status } = (await answer.json()) as { status?: string }
    return answer.ok && status === 'SUCCESS'
  }
