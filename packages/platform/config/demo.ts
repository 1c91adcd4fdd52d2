import { join } from 'node:path'
import type { AppConfig } from './dapr-yaml.ts'
import { readIfThere, writeWhole } from './files.ts'
import type { Project } from './project.ts'

/** `0` (also set by `--no-demo`) starts the shop without demo accounts, `1` (`--demo`) with them. */
export const demoVariable = 'SIDECART_DEMO'

type Kept = Pick<Project, 'home'>

const fileOf = ({ home }: Kept) => join(home, 'demo-accounts')

/**
 * Returns true when the shop has demo accounts: as asked for now, else as at the last start that was asked, else with
 * them. A shop that was started without them does not get them by a later start, restart or swap.
 */
export function hasDemo(project: Kept, env: NodeJS.ProcessEnv = process.env): boolean {
  const asked = env[demoVariable] || readIfThere(fileOf(project))?.trim()
  return asked !== '0'
}

/** Keeps what was asked for now for later starts. */
export function rememberDemo(project: Kept, env: NodeJS.ProcessEnv = process.env): void {
  if (env[demoVariable]) writeWhole(fileOf(project), `${env[demoVariable] === '0' ? 0 : 1}\n`)
}

/** Returns the app configs with the demo accounts of dapr.yaml switched off. */
export const withoutDemo = (appConfigs: readonly AppConfig[]): AppConfig[] =>
  appConfigs.map((appConfig) =>
    'DEMO_ACCOUNTS' in appConfig.env
      ? { ...appConfig, env: { ...appConfig.env, DEMO_ACCOUNTS: 'false' } }
      : appConfig,
  )
