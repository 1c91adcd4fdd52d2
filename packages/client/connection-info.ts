import { readFile } from 'node:fs/promises'
import { inboxPort } from '@sidecart/platform/config/ports.ts' // notifications: optional line
import { UserError } from '@sidecart/platform/config/project.ts'
import { databases } from '@sidecart/platform/config/secrets.ts'
import { gateway } from '@sidecart/platform/supervisor/welcome.ts'
import { z } from 'zod'

/** Services whose tables are read by the tools of the shop. */
export type ShopService = 'users' | 'catalog' | 'orders' | 'payments' | 'notifications'

/** Addresses and credentials for the shop's databases, logs and API. */
export type Places = {
  /** Connection strings by service, for every service with a database. */
  databases: Record<ShopService, string> & Record<string, string>
  providerLog: string
  /** Base URL of the mail catcher; without one, mails are not checked. */
  inbox?: string
  gateway: string
  /** The private keys of access tokens: for data that no database shows, a tool acts as an operator. */
  signingKeys: string
  /** File with a client's journal of requests and answers, if one was recorded. */
  record?: string | undefined
  /** Folder in which `verify` stores its progress; without one, `verify` checks everything. */
  memory?: string
}

/** Returns the connection info of a shop on this machine, with the secrets used by the project's own tools. */
export type Shop = Places & { demo: Login; demoOperator: Login }

export type Login = { email: string; password: string }

// notifications: optional
const inbox = `http://127.0.0.1:${inboxPort}`
// /notifications

const owners = databases.filter((name) => name !== 'state')
const Secrets = z.intersection(
  z.object({
    'demo-password': z.string(),
    'operator-password': z.string(),
    'jwt-keys': z.string(),
  }),
  z.record(z.string(), z.string()),
)

/** @throws UserError with the next step when the shop was never started here */
export async function connectionInfo(dataFolder = '.sidecart'): Promise<Shop> {
  const text = await readFile(`${dataFolder}/secrets.json`, 'utf8').catch(() => {
    throw new UserError('There is no shop here yet. Start one: npm start')
  })
  const secrets = Secrets.parse(JSON.parse(text))
  return {
    gateway,
    inbox, // notifications: optional line
    providerLog: `${dataFolder}/provider/log.jsonl`,
    memory: `${dataFolder}/verify`,
    databases: databasesIn(secrets),
    signingKeys: secrets['jwt-keys'],
    demo: { email: 'demo@sidecart.example', password: secrets['demo-password'] },
    demoOperator: { email: 'operator@sidecart.example', password: secrets['operator-password'] },
  }
}

/** Returns the connection strings of all services with a database. */
export const databasesIn = (secrets: Readonly<Record<string, string>>): Places['databases'] =>
  Object.fromEntries(
    owners.map((name) => [name, secrets[`${name}-database`] ?? '']),
  ) as Places['databases']
