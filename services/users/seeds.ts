import { Refusal } from '@sidecart/chassis/core/errors.ts'
import { z } from 'zod'
import type { Address } from './contract.ts'
import { type Change, registerConfirmed } from './domain.ts'
import type { Passwords, Users } from './ports.ts'

/** Whether this shop is to have demo accounts. An operator among them, so nobody gets them without asking. */
export const demoEnvironment = { DEMO_ACCOUNTS: z.stringbool().default(false) }

type SeedPorts = {
  users: Users
  passwords: Passwords
  secret: (name: string) => Promise<string>
  now: () => Date
}

const demoId = '018f0000-0000-7000-8000-000000000001'
const operatorId = '018f0000-0000-7000-8000-000000000002'

const demoAddress = {
  addressId: '018f0000-0000-7000-8000-00000000000a',
  name: 'Demo Customer',
  street: 'Lindenstrasse 12',
  postalCode: '10969',
  city: 'Berlin',
  country: 'DE',
}

/**
 * Adds the accounts a newcomer can sign in with, where they are asked for. Once there, they belong to their owners and
 * are left alone: a later start that does not ask for them removes none.
 */
export async function seedAccounts(ports: SeedPorts, areAskedFor: boolean): Promise<void> {
  if (!areAskedFor) return
  const now = ports.now()
  const demo = { userId: demoId, email: 'demo@sidecart.example', name: 'Demo Customer', now }
  const operator = { userId: operatorId, email: 'operator@sidecart.example', name: 'Operator', now }
  await seed(ports, registerConfirmed(demo, 'customer'), 'demo-password', demoAddress)
  await seed(ports, registerConfirmed(operator, 'operator'), 'operator-password')
}

/** Instances may start together: whichever comes second finds the e-mail taken. */
async function seed(
  { users, passwords, secret }: SeedPorts,
  change: Change,
  secretName: string,
  address?: Address,
): Promise<void> {
  if (await users.find(change.user.userId)) return
  const passwordHash = await passwords.hash(await secret(secretName))
  try {
    await users.add(change, passwordHash, address)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
  }
}
