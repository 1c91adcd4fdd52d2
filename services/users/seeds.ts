import { Refusal } from '@sidecart/chassis/core/errors.ts'
import type { Address } from './contract.ts'
import { type Change, register } from './domain.ts'
import type { Passwords, Users } from './ports.ts'

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

/** The accounts a newcomer can sign in with. Once there, they belong to their owners and are left alone. */
export async function seedAccounts(ports: SeedPorts): Promise<void> {
  const now = ports.now()
  const demo = { userId: demoId, email: 'demo@sidecart.example', name: 'Demo Customer', now }
  const operator = { userId: operatorId, email: 'operator@sidecart.example', name: 'Operator', now }
  await seed(ports, register(demo), 'demo-password', demoAddress)
  await seed(ports, register(operator, 'operator'), 'operator-password')
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
