import { readEnvironment } from '@sidecart/chassis/core/environment.ts'
import { z } from 'zod'

/** Configuration a sidecar would otherwise supply. */
const variables = {
  APP_ID: z.string().min(1),
  APP_API_TOKEN: z.string().min(1),
  /** Ports of the apps by app-id, as JSON: `{"users":8081}`. */
  DIRECT_PEERS: z
    .string()
    .transform((text) => z.record(z.string(), z.number()).parse(JSON.parse(text))),
  /** The file behind the secret store. */
  DIRECT_SECRETS: z.string().min(1),
  SMTP_URL: z.url().default('smtp://127.0.0.1:1040'),
}

export type DirectOptions = {
  app: string
  appToken: string
  peers: Record<string, number>
  secretsFile: string
  smtpUrl: string
}

export function directOptions(env?: NodeJS.ProcessEnv): DirectOptions {
  const given = readEnvironment(variables, env)
  return {
    app: given.APP_ID,
    appToken: given.APP_API_TOKEN,
    peers: given.DIRECT_PEERS,
    secretsFile: given.DIRECT_SECRETS,
    smtpUrl: given.SMTP_URL,
  }
}
