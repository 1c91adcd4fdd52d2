import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readIfThere, writeWhole } from './files.ts'
import { type Project, UserError } from './project.ts'

/** Where the ports of a shop begin, or `usual`. Read once, when `ports.ts` is loaded. */
export const portsVariable = 'SIDECART_PORTS_FROM'

type Kept = Pick<Project, 'home'>
const highest = 54_000
const usual = 'usual'
const fileOf = ({ home }: Kept) => join(home, 'ports-from')

/** Returns the first port of the shop at its last start; undefined for the usual ports. */
export const rememberedPorts = (project: Kept): number | undefined =>
  Number(readIfThere(fileOf(project))) || undefined

/** Keeps where the ports begin, so that other commands find the shop and later starts use the same ports. */
export function rememberPorts(project: Kept, from: number | undefined): void {
  if (rememberedPorts(project) !== from) writeWhole(fileOf(project), `${from ?? usual}\n`)
}

/**
 * Returns the value for SIDECART_PORTS_FROM: as the command line asks, else where the running shop is, else as the
 * environment asks, else as at the last start.
 * @throws UserError when the number leaves no room for the ports
 */
export function choosePorts(
  project: Pick<Project, 'home' | 'stateFile'>,
  words: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): string {
  const before = String(rememberedPorts(project) ?? usual)
  const kept = existsSync(project.stateFile) ? before : env[portsVariable] || before
  const chosen = optionIn(words) ?? kept
  if (chosen === usual) return usual
  const from = Number(chosen)
  if (!Number.isInteger(from) || from < 1_024 || from > highest)
    throw new UserError(
      `--ports-from takes a number from 1024 to ${highest}, or ${usual}, not ${chosen}`,
    )
  return String(from)
}

function optionIn(words: readonly string[]): string | undefined {
  const index = words.findIndex((word) => /^--ports-from(=|$)/.test(word))
  if (index < 0) return undefined
  return /=(.*)/.exec(words[index] ?? '')?.[1] ?? words[index + 1] ?? ''
}
