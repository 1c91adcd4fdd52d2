import { projectAt } from '../../cli/project.ts'
import { databases, readSecrets } from '../../cli/secrets.ts'
import { runChecks } from '../../cli/verify/checks.ts'
import { type Places, readWorld } from '../../cli/verify/read.ts'

/** `sidecart verify` among containers, where databases, log and inbox are elsewhere. */
const secrets = readSecrets(projectAt())
const ofServices = databases.filter((name) => name !== 'state')
const connections = Object.fromEntries(
  ofServices.map((name) => [name, secrets[`${name}-database`]]),
)
const checks = runChecks(
  await readWorld({
    databases: connections as Places['databases'],
    providerLog: '/volumes/provider/log.jsonl',
    inbox: 'http://mail:8040',
  }),
)
for (const { ok, name, detail } of checks)
  process.stdout.write(`${ok ? '✓' : '✗'} ${name}: ${detail}\n`)
if (!checks.every(({ ok }) => ok)) process.exitCode = 1
