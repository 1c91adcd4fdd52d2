import type { App } from '@sidecart/chassis/http/app.ts'

const eventRoute = /^\/events\/(?!.*-dead-letters-v1$)/

/** Returns the topics received by an app, without dead-letter topics, which only sidecars use. */
export const topicsOf = (app: App): string[] => [
  ...new Set(
    app.routes.flatMap(({ path }) => (eventRoute.test(path) ? path.replace(eventRoute, '') : [])),
  ),
]

/**
 * Delivers an event in process to the route a sidecar would call. Returns whether the app answered
 * `SUCCESS`.
 */
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
