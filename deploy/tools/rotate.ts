import { createInterface } from 'node:readline'
import { projectAt, UserError } from '@sidecart/platform/config/project.ts'
import { readSecrets, type Secrets } from '@sidecart/platform/config/secrets.ts'
import {
  type Deployment,
  namesOf,
  retireKeys,
  rotate,
  rotateKeys,
  rotations,
} from '@sidecart/platform/supervisor/rotation/rotation.ts'
import { authority, distribute } from '../setup/distribute.ts'
import { brokerConfigOf, shopElsewhere } from '../setup/shop.ts'

/**
 * `sidecart secrets rotate` and `sidecart keys` among containers: rotate.ts NAME…|all, rotate.ts keys [retire [--force]].
 * A container cannot restart others: each line `@…` on standard output asks deploy/rotate.sh, which answers `done` or
 * `failed` on standard input when the containers are healthy.
 */
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const print = (line: string) => void process.stdout.write(`${line}\n`)

async function ask(what: string): Promise<void> {
  print(`@${what}`)
  const { value } = await answers.next()
  if (value !== 'done') throw new UserError(`could not ${what}: docker compose ps`)
}

const project = projectAt()
/** Secrets whose logins the broker accepts meanwhile, if these are not only the current ones. */
let accepted: readonly Secrets[] | undefined

async function give(): Promise<void> {
  const shop = await shopElsewhere(project, process.env.BROKER_HOST ?? '')
  const brokerConfig = brokerConfigOf(shop.apps, shop.resources, accepted ?? [shop.secrets])
  distribute(project, { ...shop, brokerConfig })
}

const deployment: Deployment = {
  project,
  print,
  authority,
  runs: () => true,
  ownsSuperuser: true,
  superuser(secrets) {
    const url = new URL(process.env.SIDECART_POSTGRES_URL ?? '')
    url.username = 'postgres'
    url.password = secrets['postgres-superuser'] ?? ''
    url.pathname = '/postgres'
    return url.href
  },
  distribute: give,
  async restart(apps) {
    for (const app of apps) {
      print(`  restarting ${app} with its sidecar`)
      await ask(`restart ${app} ${app}-dapr`)
    }
  },
  restartProvider: () => ask('restart provider'),
  async acceptAtBroker(secrets) {
    accepted = secrets
    await give()
    await ask('reload nats')
  },
}

async function main([first, ...others]: readonly string[]): Promise<void> {
  if (first === undefined) for (const { name, what } of rotations) print(`${name}: ${what}`)
  else if (first !== 'keys')
    for (const name of namesOf([first, ...others])) await rotate(deployment, name)
  else if (others[0] === 'retire') {
    const kids = await retireKeys(deployment, undefined, { force: others.includes('--force') })
    print(`retired ${kids.join(', ')}: within a minute no token of it is accepted`)
  } else print(`${await rotateKeys(deployment)} signs. In 16 minutes: deploy/rotate.sh keys retire`)
}

if (Object.keys(readSecrets(project)).length === 0)
  throw new UserError('There is no shop here yet: docker compose up --build --wait')
await main(process.argv.slice(2)).catch((error: Error) => {
  process.stderr.write(`${error instanceof UserError ? error.message : error.stack}\n`)
  process.exitCode = 1
})
process.stdin.destroy()
