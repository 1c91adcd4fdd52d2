import { join } from 'node:path'
import { quoted } from '../process/shell.ts'
import { readIfThere, writeWhole } from './files.ts'
import { identityFile } from './identity/identities.ts'
import { gatewayApp } from './instances.ts'
import { firstInstance, type Project } from './project.ts'
import { random } from './secrets.ts'

export type Variables = Record<string, string>

/**
 * Returns the shared environment of all sidecars and stores a copy in `.sidecart/env`, without any secret. Trust
 * anchors are included after the first start of Dapr's certificate authority.
 */
export function ensureVariables(project: Project): Variables {
  const anchors = readIfThere(`${project.certificates}/ca.crt`)
  const wanted: Variables = {
    NAMESPACE: 'default',
    // Sidecars reach each other at this address instead of a network address.
    DAPR_HOST_IP: '127.0.0.1',
    // `{podName}` in components: the only stable name of its own that a sidecar can have.
    POD_NAME: firstInstance,
    ...goSettings(),
    ...(anchors && { DAPR_TRUST_ANCHORS: anchors.trim() }),
  }
  const text = Object.entries(wanted).map(([name, value]) => `export ${name}=${quoted(value)}\n`)
  if (text.join('') !== readIfThere(project.envFile)) writeWhole(project.envFile, text.join(''))
  return wanted
}

export type AppTokens = {
  /** Presented by the app to its sidecar. */
  DAPR_API_TOKEN: string
  /** Presented by the sidecar to its app. */
  APP_API_TOKEN: string
  /** Presented by the monitoring; opens the metrics of the app and nothing else. */
  METRICS_TOKEN: string
}

/** Returns the file with an app's tokens, one `NAME='value'` per line, for `node --env-file` and for a shell. */
export const appEnvFile = (project: Project, appId: string): string =>
  join(project.apps, appId, 'env')

/** Returns the file with the token that opens the metrics of the gateway, for Prometheus. */
export const metricsTokenFile = (project: Project): string =>
  join(project.apps, gatewayApp, 'metrics-token')

/** Returns the tokens of an app; creates them on the first call and on rotation. Tokens are unique per app. */
export function ensureAppTokens(
  project: Project,
  appId: string,
  { rotate = false } = {},
): AppTokens {
  const file = appEnvFile(project, appId)
  const there = rotate ? {} : parse(readIfThere(file) ?? '')
  const tokens: AppTokens = {
    DAPR_API_TOKEN: there.DAPR_API_TOKEN ?? random(24),
    APP_API_TOKEN: there.APP_API_TOKEN ?? random(24),
    METRICS_TOKEN: there.METRICS_TOKEN ?? random(24),
  }
  const lines = Object.entries(tokens).map(([name, value]) => `${name}='${value}'\n`)
  if (Object.keys(tokens).some((name) => !there[name])) writeWhole(file, lines.join(''))
  const metrics = metricsTokenFile(project)
  if (appId === gatewayApp && readIfThere(metrics) !== tokens.METRICS_TOKEN)
    writeWhole(metrics, tokens.METRICS_TOKEN)
  return tokens
}

/** Returns the environment of an app's sidecar. */
export function sidecarVariables(project: Project, appId: string): Variables {
  const { DAPR_API_TOKEN, APP_API_TOKEN } = ensureAppTokens(project, appId)
  return {
    ...ensureVariables(project),
    DAPR_API_TOKEN,
    APP_API_TOKEN,
    DAPR_SENTRY_TOKEN_FILE: identityFile(project, appId),
  }
}

/**
 * Settings of the Go runtime for sidecars. One processor per sidecar saves a sixth of the CPU per call and suffices for
 * about two thousand calls a second; little garbage allows rare collections. Variables set before the start override
 * these values.
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
