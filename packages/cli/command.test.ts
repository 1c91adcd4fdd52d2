import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { CommandDef } from 'citty'
import { expect, it } from 'vitest'
import { assertCommand } from './command.ts'

const folder = join(import.meta.dirname, 'commands')

type Named = { name: string; definition: CommandDef }

async function all(): Promise<Named[]> {
  const entries = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const files = entries.filter((file) => file.endsWith('.ts'))
  const loaded = files.map(async (file) => {
    const module = (await import(`${folder}/${file}`)) as { default: CommandDef }
    return withSubCommands({ name: basename(file, '.ts'), definition: module.default })
  })
  return (await Promise.all(loaded)).flat()
}

function withSubCommands({ name, definition }: Named): Named[] {
  const inner = (definition.subCommands ?? {}) as Record<string, CommandDef>
  const below = Object.entries(inner).map(([word, definition]) => ({
    name: `${name} ${word}`,
    definition,
  }))
  return below.length > 0 ? below : [{ name, definition }]
}

const commands = await all()
const refusal = async ({ definition }: Named, args: object): Promise<string> => {
  const context = { args: { _: [], ...args }, cmd: definition, rawArgs: [] }
  try {
    await definition.setup?.(context as never)
    return 'accepted'
  } catch (error) {
    return (error as Error).message
  }
}

it.each(commands)('$name refuses an option that it does not know', async (one) => {
  expect(await refusal(one, { frobnicate: true })).toBe('unknown option --frobnicate; see --help')
})

it('a group of commands leaves what follows to the command that is meant', async () => {
  for (const name of ['backing', 'shop/dead-letters']) {
    const module = (await import(`${folder}/${name}.ts`)) as { default: CommandDef }
    const args = { _: ['start'], broker: 'redis' }
    expect(await refusal({ name, definition: module.default }, args)).toBe('accepted')
  }
})

const named = (name: string) => commands.find((one) => one.name === name) as Named

it.each([
  ['order', 'crad', '--card'],
  ['order', 'qantity', '--quantity'],
  ['up', 'brokr', '--broker'],
  ['verify', 'jsno', '--json'],
  ['test', 'depp', '--deep'],
  ['backing start', 'sate', '--state'],
])('%s --%s is refused, and what may have been meant is named', async (name, option, meant) => {
  expect(await refusal(named(name), { [option]: 'x' })).toBe(
    `unknown option --${option}; did you mean ${meant}? See --help`,
  )
})

it('an argument too many is refused, and an option without its value', async () => {
  expect(await refusal(named('order'), { _: ['three'] })).toMatch(/^unknown argument three/)
  expect(await refusal(named('order'), { sku: '' })).toMatch(/^--sku needs a value/)
})

it.each([
  [['oder'], /^unknown command oder; did you mean order\?/],
  [['--json', 'order'], /^unknown option --json: options come after the command/],
  [['backing', 'strat'], /^unknown command strat; did you mean start\?/],
  [['backing'], /^one of these is missing: start, stop/],
  [['constructor'], /^unknown command constructor; see --help/],
])('%j is no command', async (words, message) => {
  const known = Object.fromEntries(
    ['order', 'backing'].map((name) => [
      name,
      () => import(`./commands/${name}.ts`).then((module) => module.default),
    ]),
  )
  await expect(assertCommand(words, known)).rejects.toThrow(message)
})
