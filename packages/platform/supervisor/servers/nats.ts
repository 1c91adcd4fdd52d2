import { statfs } from 'node:fs/promises'
import { streamsFor } from '../../config/components/components.ts'
import { loginFrom } from '../../config/identity/login.ts'
import { brokerMonitorPort, brokerPort, realPort } from '../../config/ports.ts'
import type { Project } from '../../config/project.ts'
import { readSecrets, type Secrets } from '../../config/secrets.ts'
import { send } from '../../process/spawn.ts'
import {
  ensureStream,
  type NatsLogin,
  type NatsUser,
  startNats,
  writeNatsConfig,
} from '../../servers/nats.ts'
import { jetstreamSurvivesSeconds } from '../dapr-run.ts'
import { readerOf } from '../logs/logs.ts'
import type { ProcessSpec } from '../process-spec.ts'
import { procOf, readState } from '../state-file.ts'
import { answersHttp, dirOf, logOf, type ServerOptions, server } from './unit.ts'

/** Returns the login at NATS itself, past a proxy. */
export function natsLogin(secrets: Secrets): NatsLogin {
  return { url: `nats://127.0.0.1:${realPort(brokerPort)}`, ...loginFrom(secrets['broker-url']) }
}

/** Replaces the users of the running broker and closes the connections of all others. */
export async function changeNatsUsers(project: Project, users: readonly NatsUser[]): Promise<void> {
  const record = readState(project)?.processes.find(({ name }) => name === 'nats')
  const proc = record && procOf(record)
  if (!proc) return
  const ports = { port: realPort(brokerPort), monitorPort: brokerMonitorPort }
  await writeNatsConfig({ dir: dirOf(project, 'nats'), ...ports, users })
  send(proc.pid, 'SIGHUP')
}

export function nats({ project, runtime, resources }: ServerOptions): ProcessSpec {
  const port = realPort(brokerPort)
  // current secrets: the login may have changed since the start of the shop
  const login = () => natsLogin(readSecrets(project))
  const given = {
    path: runtime.parts['nats-server'].path,
    dir: dirOf(project, 'nats'),
    port,
    monitorPort: brokerMonitorPort,
    logFile: logOf(project, 'nats'),
  }
  return server(
    project,
    'nats',
    { client: port, monitor: brokerMonitorPort },
    {
      start: async () => (await startNats({ ...given, ...login() })).proc,
      prepare: async () => {
        for (const stream of streamsFor(resources)) await ensureStream({ ...login(), ...stream })
      },
      ready: answersHttp(brokerMonitorPort),
      failing: failingStorage(given.dir, given.logFile),
      dependentsSurviveMs: 1_000 * jetstreamSurvivesSeconds,
    },
  )
}

const neededBytes = 50 * 1024 * 1024

/**
 * Returns a function that resolves with the reason for a restart after the log reported a failed write and the disk has
 * room again. After one failed write to its file (a full disk), a stream rejects every message until the server
 * restarts, while the server reports healthy.
 */
export function failingStorage(dir: string, logFile: string): () => Promise<string | undefined> {
  const newLines = readerOf(logFile)
  newLines()
  let failed = false
  return async () => {
    failed = newLines().some((line) => /failed to store a msg|no space left/i.test(line)) || failed
    if (!failed) return undefined
    const { bavail, bsize } = await statfs(dir)
    if (bavail * bsize < neededBytes) return undefined
    failed = false
    return 'a stream could not be written, and there is room on the disk again'
  }
}
