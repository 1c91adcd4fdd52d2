import { UserError } from '@sidecart/platform/config/project.ts'
import { type ArgsDef, type CommandDef, runCommand, runMain, type SubCommandsDef } from 'citty'
import { assertCommand } from './command.ts'

/**
 * Runs a command or one of its subcommands with the arguments of the shell. A `UserError` is printed as a sentence, any
 * other error with its stack; the exit code is then not 0.
 */
export async function runCommandLine<T extends ArgsDef>(
  main: CommandDef<T>,
  words: string[],
): Promise<void> {
  const asksForHelp = words.some((word) => ['--help', '-h'].includes(word))
  const subCommands = main.subCommands as SubCommandsDef | undefined
  if (asksForHelp || (subCommands && words.length === 0))
    return runMain(main, { rawArgs: asksForHelp ? words : ['--help'] })
  // Files and sockets of the CLI and of the processes it starts are readable by this user alone.
  process.umask(0o077)
  try {
    if (subCommands) await assertCommand(words, subCommands)
    await runCommand(main, { rawArgs: words })
  } catch (error) {
    process.stderr.write(`${told(error as Error)}\n`)
    process.exitCode ||= 1
  }
}

function told(error: Error): string {
  if (error.name === 'CLIError') return `${error.message}\nSee: ./sidecart --help`
  return error instanceof UserError || error.name === 'PartError'
    ? error.message
    : (error.stack ?? error.message)
}
