import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { databasesIn, type Places } from '@sidecart/client/connection-info.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { readSecrets } from '@sidecart/platform/config/secrets.ts'
import { verifyInWorker } from '@sidecart/verify/invariants/worker.ts'

/**
 * `sidecart verify --all` among containers, where databases, log, gateway and inbox are elsewhere. It checks everything in
 * the memory that the command has too, and remembers nothing for the next run: a container does not last.
 */
const secrets = readSecrets(projectAt())
const memory = mkdtempSync(join(tmpdir(), 'sidecart-verify-'))
const places: Places = {
  databases: databasesIn(secrets),
  providerLog: '/volumes/provider/log.jsonl',
  inbox: 'http://mail:8040',
  gateway: 'http://gateway:8080',
  signingKeys: secrets['jwt-keys'] ?? '',
  memory,
}
const { ok, checks } = await verifyInWorker(places, { all: true }).finally(() =>
  rmSync(memory, { recursive: true, force: true }),
)
for (const { ok, name, detail } of checks)
  process.stdout.write(`${ok ? '✓' : '✗'} ${name}: ${detail}\n`)
if (!ok) process.exitCode = 1
