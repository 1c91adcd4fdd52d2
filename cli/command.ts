import { type ArgsDef, type CommandDef, defineCommand } from 'citty'
import { Advice } from './project.ts'

/**
 * A command that refuses options and arguments it does not know instead of ignoring them.
 * @param anyNumber of arguments may be given: they are in `args._`
 */
export function command<const T extends ArgsDef>(
  definition: CommandDef<T>,
  { anyNumber = false } = {},
): CommandDef<T> {
  return defineCommand({
    ...definition,
    setup: ({ args, cmd }) => refuseUnknown(args, (cmd.args ?? {}) as ArgsDef, anyNumber),
  })
}

function refuseUnknown(
  given: Record<string, unknown> & { _: string[] },
  known: ArgsDef,
  anyNumber: boolean,
): void {
  const names = Object.entries(known).flatMap(([name, argument]) => [
    name,
    kebab(name),
    ...[('alias' in argument && argument.alias) || []].flat(),
  ])
  const option = Object.keys(given).find((name) => name !== '_' && !names.includes(name))
  if (option)
    throw new Advice(`unknown option ${option.length === 1 ? '-' : '--'}${option}; see --help`)
  const positionals = Object.values(known).filter(({ type }) => type === 'positional').length
  const surplus = given._[positionals]
  if (surplus !== undefined && !anyNumber)
    throw new Advice(`unknown argument ${surplus}; see --help`)
}

const kebab = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
