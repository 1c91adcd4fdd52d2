import type { Places } from '@sidecart/client/connection-info.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { databases, readSecrets } from '@sidecart/platform/config/secrets.ts'
import { verify } from '@sidecart/verify/invariants/verify.ts'

/** `sidecart verify` among containers, where databases, log, gateway and inbox are elsewhere. */
const secrets = readSecrets(projectAt())
const ofServices = databases.filter((name) => name !== 'state')
const connections = Object.fromEntries(
  ofServices.map((name) => [name, secrets[`${name}-database`]]),
)
const { ok, checks } = await verify({
  databases: connections as Places['databases'],
  providerLog: '/volumes/provider/log.jsonl',
  inbox: 'http://mail:8040',
  gateway: 'http://gateway:8080',
  operator: {
    email: 'operator@sidecart.example',
    password: secrets['operator-password'] ?? '',
  },
})
for (const { ok, name, detail } of checks)
  process.stdout.write(`${ok ? '✓' : '✗'} ${name}: ${detail}\n`)
if (!ok) process.exitCode = 1
