import { readFileSync } from 'node:fs'
import { beforeAll, expect, it } from 'vitest'
import {
  commandLines,
  credentials,
  generated,
  leakedEnvironments,
  leaks,
  liveThrough,
  logs,
  personalData,
} from '../system/leaks.ts'
import { terminal } from './shop.ts'

let issued: string[]
let printed: string

beforeAll(async () => {
  const lived = await liveThrough(['stop', 'mail'], ['start', 'mail'])
  issued = lived.issued
  printed = lived.printed
}, 240_000)

const shown = () => readFileSync(terminal, 'utf8')
const everything = () =>
  new Map([
    ...logs(),
    ['process list', commandLines()],
    ["the supervisor's terminal", [shown()]],
    ['terminal', [printed]],
  ])

it('the supervisor shows its start, and every crash and outage, on the terminal', () => {
  expect(shown()).toContain('The shop is open.')
  expect(commandLines().join()).toContain('daprd')
})

it('no generated secret is in a log, in the process list or on a terminal, but the two of the welcome', () => {
  const found = leaks(everything(), generated())
  const welcome = /^the supervisor's terminal: (demo|operator)-password: /
  expect(found.filter((one) => !welcome.test(one))).toEqual([])
  expect(found.filter((one) => welcome.test(one))).toHaveLength(2)
})

it('no token, password or personal datum of a customer is', () => {
  expect(leaks(everything(), [...credentials(issued), ...personalData()])).toEqual([])
})

it('no process has a secret in its environment that is not its own', () => {
  const known = [...generated(), ...credentials(issued), ...personalData()]
  expect(leakedEnvironments(known)).toEqual([])
})
