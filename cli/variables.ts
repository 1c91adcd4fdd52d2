import { readIfThere, writeWhole } from './files.ts'
import type { Project } from './project.ts'
import { random } from './secrets.ts'

export type Variables = Record<string, string>

/** What the first instance of an app is called; `dapr run -f .` cannot tell it from further ones. */
export const firstInstance = '1'

/**
 * What sidecars and apps need from the environment, kept in `.sidecart/env`. Tokens are made once; the trust anchors
 * are there after the first start of Dapr's certificate authority.
 */
export function ensureVariables(
  project: Project,
  found: { runtimePath?: string | undefined } = {},
): Variables {
  const there = readVariables(project)
  const anchors = readIfThere(`${project.certificates}/ca.crt`)
  const wanted: Variables = {
    NAMESPACE: 'default',
    // Sidecars find each other by this address instead of one on the network.
    DAPR_HOST_IP: '127.0.0.1',
    // What components call {podName}: the only name that a sidecar can have of its own and keep.
    POD_NAME: firstInstance,
    ...goSettings(),
    DAPR_API_TOKEN: there.DAPR_API_TOKEN ?? random(24),
    APP_API_TOKEN: there.APP_API_TOKEN ?? random(24),
    ...(anchors && { DAPR_TRUST_ANCHORS: anchors.trim() }),
    ...(found.runtimePath && { DAPR_RUNTIME_PATH: found.runtimePath }),
  }
  const text = Object.entries(wanted).map(([name, value]) => `export ${name}='${value}'\n`)
  if (text.join('') !== readIfThere(project.envFile)) writeWhole(project.envFile, text.join(''))
  return wanted
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

function readVariables(project: Project): Variables {
  const text = readIfThere(project.envFile) ?? ''
  return Object.fromEntries(
    [...text.matchAll(/^export (\w+)='([^']*)'$/gm)].map(([, name, value]) => [name, value]),
  )
}
