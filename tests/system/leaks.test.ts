import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  commandLines,
  credentials,
  generated,
  leakedEnvironments,
  leaks,
  liveThrough,
  logs,
  personalData,
  processes,
} from './leaks.ts'
import { appConfigs, sidecart } from './shop.ts'

let issued: string[]
let printed: string

beforeAll(async () => {
  const lived = await liveThrough(['backing', 'stop', 'mail'], ['backing', 'start', 'mail'])
  issued = lived.issued
  printed = lived.printed
}, 240_000)

afterAll(() => sidecart('backing', 'start', 'mail'))

/** The terminal of `dapr run` is a log here, too. */
const everything = () =>
  new Map([...logs(), ['process list', commandLines()], ['terminal', [printed]]])

it('every process has written something, so there is something to look at', () => {
  for (const { appID } of appConfigs)
    expect(logs().get(appID)?.join('').length, appID).toBeGreaterThan(0)
  expect(logs().get('dapr-run')?.join('').length).toBeGreaterThan(0)
  expect(commandLines().join()).toContain('daprd')
})

it('no generated secret is in a log, in the process list or on the terminal', () => {
  expect(leaks(everything(), generated())).toEqual([])
})

it('no token or password of a customer is', () => {
  expect(leaks(everything(), credentials(issued))).toEqual([])
})

it('no personal datum of a customer is', () => {
  expect(leaks(everything(), personalData())).toEqual([])
})

it('no process has a secret in its environment that is not its own', () => {
  const known = [...generated(), ...credentials(issued), ...personalData()]
  const environments = processes().map(({ environment }) => environment)
  const [token = ''] = [...generated()].flatMap(([name, value]) =>
    name === 'orders DAPR_API_TOKEN' ? [value] : [],
  )
  expect(environments.some((one) => one.includes(`DAPR_API_TOKEN=${token}`))).toBe(true)
  expect(leakedEnvironments(known)).toEqual([])
})
