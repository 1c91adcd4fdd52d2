import { join } from 'node:path'
import { quoted } from '../process/shell.ts'
import { readIfThere, writeWhole } from './files.ts'
import { identityFile } from './identities.ts'
import type { Project } from './project.ts'
import { random } from './secrets.ts'

export type Variables = Record<string, string>

/** What the first instance of an app is called; `dapr run -f .` cannot tell it from further ones. */
export const firstInstance = '1'

/**
 * What all sidecars need from the environment, kept in `.sidecart/env`: no secret is among it. The trust anchors are
 * there after the first start of Dapr's certificate authority.
 */
export function ensureVariables(project: Project): Variables {
  const anchors = readIfThere(`${project.certificates}/ca.crt`)
  const wanted: Variables = {
    NAMESPACE: 'default',
    // Sidecars find each other by this address instead of one on the network.
    DAPR_HOST_IP: '127.0.0.1',
    // What components call {podName}: the only name that a sidecar can have of its own and keep.
    POD_NAME: firstInstance,
    ...goSettings(),
    ...(anchors && { DAPR_TRUST_ANCHORS: anchors.trim() }),
  }
  const text = Object.entries(wanted).map(([name, value]) => `export ${name}=${quoted(value)}\n`)
  if (text.join('') !== readIfThere(project.envFile)) writeWhole(project.envFile, text.join(''))
  return wanted
}

export type AppTokens = {
  /** Guards the sidecar: its app shows it. */
  DAPR_API_TOKEN: string
  /** Guards the app: its sidecar shows it. */
  APP_API_TOKEN: string
}

/** The file with the tokens of one app, `NAME='value'` a line: for `node --env-file` and for a shell. */
export const appEnvFile = (project: Project, appId: string): string =>
  join(project.apps, appId, 'env')

/** The two tokens between an app and its sidecar, made at the first call and at a rotation. No other app has the same. */
export function ensureAppTokens(
  project: Project,
  appId: string,
  { rotate = false } = {},
): AppTokens {
  const file = appEnvFile(project, appId)
  const there = rotate ? {} : parse(readIfThere(file) ?? '')
  const { DAPR_API_TOKEN = random(24), APP_API_TOKEN = random(24) } = there
  if (!there.DAPR_API_TOKEN || !there.APP_API_TOKEN)
    writeWhole(file, `DAPR_API_TOKEN='${DAPR_API_TOKEN}'\nAPP_API_TOKEN='${APP_API_TOKEN}'\n`)
  return { DAPR_API_TOKEN, APP_API_TOKEN }
}

/** What the sidecar of one app needs from the environment. */
export function sidecarVariables(project: Project, appId: string): Variables {
  return {
    ...ensureVariables(project),
    ...ensureAppTokens(project, appId),
    DAPR_SENTRY_TOKEN_FILE: identityFile(project, appId),
  }
}

/**
 * A sidecar does little for each call and much handing over: on one processor a call takes a sixth less CPU, and that
 * is enough for some two thousand calls a second. With little garbage it need not collect often. Who needs more sets
 * these before the start.
 */
function goSettings(): Variables {
  const { GOMAXPROCS = '1', GOGC = '200' } = process.env
  return { GOMAXPROCS, GOGC }
}

function parse(text: string): Variables {
  return Object.fromEntries(
    [...text.matchAll(/^(\w+)='([^']*)'$/gm)].map(([, name, value]) => [name, value]),
  )
}
