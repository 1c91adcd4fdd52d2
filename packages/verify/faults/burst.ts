import { setTimeout as pause } from 'node:timers/promises'
import type { HttpClient } from '@sidecart/client/http-client.ts'

/**
 * Sends `perSecond` catalogue requests a second without waiting for responses (open loop). Returns
 * the number of successful responses.
 */
export async function burst(
  gateway: HttpClient,
  perSecond: number,
  forSeconds: number,
): Promise<number> {
  let served = 0
  const asked: Promise<void>[] = []
  for (let sent = 0; sent < perSecond * forSeconds; sent += perSecond / 20) {
    for (let n = 0; n < perSecond / 20; n += 1)
      asked.push(
        gateway.ask({ method: 'GET', path: '/products?q=mug&limit=24', timeoutMs: 5_000 }).then(
          ({ status }) => {
            if (status === 200) served += 1
          },
          () => {},
        ),
      )
    await pause(50)
  }
  await Promise.all(asked)
  return served
}
