import { readFile } from 'node:fs/promises'
import { UserError } from '@sidecart/platform/config/project.ts'
import { gateway } from '@sidecart/platform/supervisor/welcome.ts'
import { z } from 'zod'

type Service = 'users' | 'catalog' | 'orders' | 'payments' | 'notifications'

/** How the shop's databases, logs and API are reached. */
export type Places = {
  /** Connection strings by service. */
  databases: Record<Service, string>
  providerLog: string
  /** Base URL of the mail catcher; none: mails are not checked. */
  inbox?: string
  /** The public door, and who may look at what no database shows. */
  gateway: string
  operator: { email: string; password: string }
  /** A driver's record; none: nobody says what was asked and answered. */
  record?: string | undefined
  /** Folder in which `verify` remembers what it has checked; none: it checks everything. */
  memory?: string
}

/** Where a shop on this machine is found, and the secrets by which its own tools reach it. */
export type Shop = Places & { demo: { email: string; password: string } }

const inbox = 'http://127.0.0.1:8040'

const Secrets = z.object({
  'users-database': z.string(),
  'catalog-database': z.string(),
  'orders-database': z.string(),
  'payments-database': z.string(),
  'notifications-database': z.string(),
  'demo-password': z.string(),
  'operator-password': z.string(),
})

/** @throws UserError that says what to do when the shop was never started here */
export async function connectionInfo(dataFolder = '.sidecart'): Promise<Shop> {
  const text = await readFile(`${dataFolder}/secrets.json`, 'utf8').catch(() => {
    throw new UserError('There is no shop here yet. Start one: npm start')
  })
  const secrets = Secrets.parse(JSON.parse(text))
  return {
    gateway,
    inbox,
    providerLog: `${dataFolder}/provider/log.jsonl`,
    memory: `${dataFolder}/verify`,
    databases: {
      users: secrets['users-database'],
      catalog: secrets['catalog-database'],
      orders: secrets['orders-database'],
      payments: secrets['payments-database'],
      notifications: secrets['notifications-database'],
    },
    demo: { email: 'demo@sidecart.example', password: secrets['demo-password'] },
    operator: { email: 'operator@sidecart.example', password: secrets['operator-password'] },
  }
}
