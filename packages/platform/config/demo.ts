import type { AppConfig } from './dapr-yaml.ts'

/** `0` (also set by `--no-demo`) starts the shop without demo accounts. */
export const demoVariable = 'SIDECART_DEMO'

/** Returns true when shops started by this process have demo accounts. */
export const hasDemo = (env: NodeJS.ProcessEnv = process.env): boolean => env[demoVariable] !== '0'

/** Returns the app configs with the demo accounts of dapr.yaml switched off. */
export const withoutDemo = (appConfigs: readonly AppConfig[]): AppConfig[] =>
  appConfigs.map((appConfig) =>
    'DEMO_ACCOUNTS' in appConfig.env
      ? { ...appConfig, env: { ...appConfig.env, DEMO_ACCOUNTS: 'false' } }
      : appConfig,
  )
