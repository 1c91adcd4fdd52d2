import { expect, it } from 'vitest'
import { runInLanes } from './lanes.ts'

/** A lane that writes down what begins and ends; runs end when they are told to. */
function record() {
  const events: string[] = []
  const ending = new Map<string, { end(): void; fail(error: Error): void }>()
  const lane = (name: string) => ({
    start(run: string) {
      events.push(`${name}: ${run}`)
      return new Promise<void>((resolve, reject) => {
        ending.set(run, { end: resolve, fail: reject })
      })
    },
  })
  const settle = () => new Promise((resolve) => setImmediate(resolve))
  async function end(run: string, error?: Error) {
    const { end, fail } = ending.get(run) ?? {}
    error ? fail?.(error) : end?.()
    await settle()
  }
  return { events, lane, end }
}

const offline = { takes: (run: string) => !run.startsWith('online') }
const online = { first: (run: string) => run.startsWith('online') }

it('one lane takes the runs one after another', async () => {
  const { events, lane, end } = record()
  const all = runInLanes(['a', 'b'], [lane('one')])
  expect(events).toEqual(['one: a'])
  await end('a')
  expect(events).toEqual(['one: a', 'one: b'])
  await end('b')
  await all
})

it('each run is started once, in the lane that is free first', async () => {
  const { events, lane, end } = record()
  const all = runInLanes(['a', 'b', 'c', 'd'], [lane('one'), lane('two')])
  await end('b')
  await end('c')
  await end('d')
  await end('a')
  await all
  expect(events).toEqual(['one: a', 'two: b', 'two: c', 'two: d'])
})

it('a lane prefers what only it may take, and takes others afterwards', async () => {
  const { events, lane, end } = record()
  const lanes = [
    { ...lane('one'), ...online },
    { ...lane('two'), ...offline },
  ]
  const all = runInLanes(['a', 'b', 'online c'], lanes)
  expect(events).toEqual(['one: online c', 'two: a'])
  await end('online c')
  expect(events.at(-1)).toBe('one: b')
  await end('a')
  await end('b')
  await all
})

it('a lane without anything left to take leaves the rest to the other', async () => {
  const { events, lane, end } = record()
  const lanes = [lane('one'), { ...lane('two'), ...offline }]
  const all = runInLanes(['online a', 'b', 'online c'], lanes)
  await end('b')
  expect(events).toEqual(['one: online a', 'two: b'])
  await end('online a')
  expect(events.at(-1)).toBe('one: online c')
  await end('online c')
  await all
})

it('a run that cannot be started fails the whole, after the other lane has ended', async () => {
  const { events, lane, end } = record()
  let failed = ''
  const all = runInLanes(['a', 'b', 'c'], [lane('one'), lane('two')]).catch((error: Error) => {
    failed = error.message
  })
  await end('a', new Error('no memory'))
  expect(failed).toBe('')
  await end('b')
  await end('c')
  await all
  expect(failed).toBe('no memory')
  expect(events).toEqual(['one: a', 'two: b', 'two: c'])
})

it('a run that no lane takes is refused before any is started', async () => {
  const { events, lane } = record()
  const lanes = [{ ...lane('two'), ...offline }]
  await expect(runInLanes(['a', 'online b'], lanes)).rejects.toThrow('no lane takes')
  expect(events).toEqual([])
})
