import type { CloudEvent } from '@sidecart/chassis/contract/event.ts'
import { Fault } from '@sidecart/chassis/core/errors.ts'
import type { App } from '@sidecart/chassis/http/app.ts'
import type { Invocation, Reply } from '@sidecart/chassis/sidecar/sidecar.ts'
import { deliverTo } from '../direct/deliver.ts'

/** Calls and events between apps of one process. */
export function createInProcessSidecars(appToken: string) {
  const apps = new Map<string, { app: App; topics: readonly string[] }>()

  async function invoke(call: Invocation): Promise<Reply> {
    const callee = apps.get(call.app)
    if (!callee) throw new Fault('unavailable', `${call.app} is not here`)
    const answer = await callee.app.request(call.path, {
      method: call.method,
      headers: { ...call.headers, 'dapr-api-token': appToken },
      body: (call.body as string | undefined) ?? null,
    })
    return {
      status: answer.status,
      headers: Object.fromEntries(answer.headers),
      body: new Uint8Array(await answer.arrayBuffer()),
    }
  }

  /**
   * Delivers events one after another to each subscribed app. An event not acknowledged by every
   * app stays in the outbox and is delivered to all of them again; the inboxes drop duplicates. The
   * outbox thus serves as the broker.
   */
  async function publish(topic: string, events: readonly CloudEvent[]) {
    const listeners = [...apps.values()].filter(({ topics }) => topics.includes(topic))
    const failures = await Promise.all(
      listeners.map(async ({ app }) => {
        const failed: string[] = []
        for (const event of events)
          if (!(await deliverTo(app, appToken)(topic, JSON.stringify(event)))) failed.push(event.id)
        return failed
      }),
    )
    return { failed: [...new Set(failures.flat())] }
  }
  return { apps, invoke, publish }
}
