import type { AppConfig } from './dapr-yaml.ts'

/** Set to `0`, also by `--no-demo`: the shop that is started adds no demo accounts. */
export const demoVariable = 'SIDECART_DEMO'

/** Whether the shops that this process starts have demo accounts. */
export const hasDemo = (env: NodeJS.ProcessEnv = process.env): boolean => env[demoVariable] !== '0'

/** The app configurations without the demo accounts that dapr.yaml asks for. */
export const withoutDemo = (appConfigs: readonly AppConfig[]): AppConfig[] =>
  appConfigs.map((appConfig) =>
    'DEMO_ACCOUNTS' in appConfig.env
      ? { ...appConfig, env: { ...appConfig.env, DEMO_ACCOUNTS: 'false' } }
      : appConfig,
  )
