import { expect, it } from 'vitest'
import { eventsIn, type ServerEvent } from './event-stream.ts'

const bodyOf = (...chunks: string[]): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk))
      controller.close()
    },
  })

async function all(body: ReadableStream<Uint8Array>): Promise<ServerEvent[]> {
  const events: ServerEvent[] = []
  for await (const event of eventsIn(body, 1_000)) events.push(event)
  return events
}

it('reads events however they are cut', async () => {
  const body = bodyOf('event: order\nda', 'ta: {"a":1}\n', '\nevent: order\ndata: 2\n\n')
  expect(await all(body)).toEqual([
    { event: 'order', data: '{"a":1}' },
    { event: 'order', data: '2' },
  ])
})

it('skips comments, and an event that is not whole', async () => {
  expect(await all(bodyOf(': no news\n\n', 'data: 1\n\n', 'data: 2'))).toEqual([
    { event: 'message', data: '1' },
  ])
})

it('takes silence for a dead connection', async () => {
  const silent = new ReadableStream<Uint8Array>()
  await expect(eventsIn(silent, 10).next()).rejects.toThrow('nothing for 10 ms')
})
