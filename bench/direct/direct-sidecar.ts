import { readFile } from 'node:fs/promises'
import { Fault } from '@sidecart/chassis/core/errors.ts'
import { withTimeout } from '@sidecart/chassis/core/timeout.ts'
import type { DaprSidecarOptions } from '@sidecart/chassis/sidecar/dapr-sidecar.ts'
import type { Sidecar, StateStore } from '@sidecart/chassis/sidecar/sidecar.ts'
import { createTransport } from 'nodemailer'
import { createEvents, type Events } from '../jetstream.ts'
import { type DirectOptions, directOptions } from './environment.ts'
import { createPeers } from './peers.ts'
import { createState } from './state.ts'

export type DirectSidecar = Sidecar & { receive: Events['receive'] }

const sendTimeoutMs = 10_000

/**
 * `Sidecar` without Dapr: plain HTTP to the other processes, the broker's own client, a state
 * table, a file of secrets, SMTP. There is no encryption, no access control, and no swapping of
 * components by YAML.
 */
export function createDirectSidecar(options: DirectOptions): DirectSidecar {
  const peers = createPeers(options.peers, options.appToken)
  const state = createState(() => secret('state-database'))
  const events = createEvents(() => secret('broker-url'))
  const mails = createTransport(options.smtpUrl, { pool: true, maxConnections: 1 } as object)

  async function secret(name: string): Promise<string> {
    const text = await readFile(options.secretsFile, 'utf8').catch(() => '{}')
    const value = (JSON.parse(text) as Record<string, string>)[name]
    if (value === undefined) throw new Fault('unavailable', `there is no secret ${name}`)
    return value
  }

  async function bind(
    binding: string,
    _operation: string,
    data: unknown,
    { emailFrom, emailTo, subject }: Record<string, string> = {},
    timeoutMs = sendTimeoutMs,
  ): Promise<void> {
    const mail = { from: emailFrom, to: emailTo, subject, html: String(data) }
    try {
      await withTimeout(timeoutMs, `sending to ${binding}`, mails.sendMail(mail))
    } catch (error) {
      throw new Fault('unavailable', `sending to ${binding} failed: ${error}`, { cause: error })
    }
  }

  async function close(): Promise<void> {
    mails.close()
    await Promise.all([peers.close(), state.close(), events.close()])
  }

  return {
    invoke: peers.invoke,
    publish: events.publish,
    receive: events.receive,
    state,
    store: absent,
    secret,
    bind,
    ready: async () => {},
    close,
  }
}

/** A store the shop can run without, absent here. */
function absent(name: string): StateStore {
  const fail = () => Promise.reject(new Fault('unavailable', `there is no store ${name}`))
  return { get: fail, save: fail, delete: fail }
}

/** Replaces the Dapr adapter. Configured by the environment. */
export const createDaprSidecar = (_: DaprSidecarOptions): DirectSidecar =>
  createDirectSidecar(directOptions())
