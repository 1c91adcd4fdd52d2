import { demoVariable } from '@sidecart/platform/config/demo.ts'
import { UserError } from '@sidecart/platform/config/project.ts'
import { installVariable } from '@sidecart/platform/install/packages.ts'
import { type ArgsDef, type CommandDef, defineCommand, type SubCommandsDef } from 'citty'
import { distance } from 'fastest-levenshtein'

/**
 * Defines a command that rejects unknown options and arguments, and options without a value. `--install`, for commands
 * that have it, installs missing programs; `--no-demo` leaves out the demo accounts, `--demo` adds them.
 * @param anyNumber allows any number of arguments, in `args._`
 */
export function command<const T extends ArgsDef>(
  definition: CommandDef<T>,
  { anyNumber = false } = {},
): CommandDef<T> {
  return defineCommand({
    ...definition,
    setup: ({ args, cmd }) => {
      const known = (cmd.args ?? {}) as ArgsDef
      refuseUnknown(args, known, anyNumber)
      if (known.install && args.install) process.env[installVariable] = '1'
      if (known.demo && args.demo !== undefined) process.env[demoVariable] = args.demo ? '1' : '0'
    },
  })
}

function refuseUnknown(
  given: Record<string, unknown> & { _: string[] },
  known: ArgsDef,
  anyNumber: boolean,
): void {
  const options = Object.entries(known).filter(([, { type }]) => type !== 'positional')
  const names = options.flatMap(([name, argument]) => [
    kebab(name),
    ...[('alias' in argument && argument.alias) || []].flat(),
  ])
  const all = [...names, ...Object.keys(known)]
  const option = Object.keys(given).find((name) => name !== '_' && !all.includes(name))
  if (option)
    throw new UserError(`unknown option ${dashed(option)}${suggestion(option, names, dashed)}`)
  const positionals = Object.keys(known).length - options.length
  const surplus = given._[positionals]
  if (surplus !== undefined && !anyNumber)
    throw new UserError(`unknown argument ${surplus}; see --help`)
  const empty = options.find(([name, { type }]) => type === 'string' && given[name] === '')
  if (empty) throw new UserError(`${dashed(kebab(empty[0]))} needs a value; see --help`)
}

/** @throws UserError, with a suggestion if one is close, when the words before the first option name no command */
export async function assertCommand(
  words: readonly string[],
  commands: SubCommandsDef,
): Promise<void> {
  const [word = '', ...more] = words
  const names = Object.keys(commands)
  if (word.startsWith('-'))
    throw new UserError(`unknown option ${word}: options come after the command; see --help`)
  if (word === '') throw new UserError(`one of these is missing: ${names.join(', ')}; see --help`)
  if (!Object.hasOwn(commands, word))
    throw new UserError(`unknown command ${word}${suggestion(word, names)}`)
  const entry = commands[word]
  const { subCommands } = (await (typeof entry === 'function' ? entry() : entry)) as CommandDef
  if (subCommands) await assertCommand(more, subCommands as SubCommandsDef)
}

/**
 * Returns `; did you mean --card?` when a known name is close enough to be a typing error, else a reference to the
 * help.
 */
function suggestion(
  word: string,
  names: readonly string[],
  written = (name: string) => name,
): string {
  const [best] = names
    .map((name) => ({ name, off: distance(word, name) }))
    .filter(
      ({ name, off }) => off <= (name.length < 4 ? 1 : Math.max(2, Math.floor(name.length / 3))),
    )
    .sort((one, other) => one.off - other.off)
  if (!best) return '; see --help'
  return `; did you mean ${written(best.name)}? See --help`
}

const dashed = (name: string) => `${name.length === 1 ? '-' : '--'}${name}`
const kebab = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
