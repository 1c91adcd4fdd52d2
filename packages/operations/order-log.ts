import { join } from 'node:path'
import type { AppConfig } from '@sidecart/platform/config/dapr-yaml.ts'
import type { Project } from '@sidecart/platform/config/project.ts'
import { isTraced, traceViewer } from '@sidecart/platform/config/tracing.ts'
import { endOf } from '@sidecart/platform/supervisor/logs/logs.ts'
import type { OrderLog } from './contract.ts'

const most = 200
/** Bytes read from the end of a long log. */
const mostBytes = 4 * 1024 * 1024

/** Returns log lines of all services and entries of the payment provider about an order, oldest first. */
export function orderLogOf(
  project: Project,
  appConfigs: readonly AppConfig[],
  orderId: string,
): OrderLog {
  const logs = appConfigs.flatMap(({ name }) =>
    linesWith(join(project.logs, `${name}.log`), orderId).flatMap((line) => logged(name, line)),
  )
  const effects = linesWith(join(project.home, 'provider', 'log.jsonl'), orderId)
  return {
    logs: logs.sort(byTime).slice(-most),
    provider: effects.flatMap(effect).sort(byTime),
    ...(appConfigs.some(isTraced) && { traces: `${traceViewer}traces/` }),
  }
}

const byTime = (one: { at: string }, other: { at: string }) => one.at.localeCompare(other.at)

const linesWith = (file: string, word: string): string[] =>
  endOf(file, mostBytes)
    .split('\n')
    .filter((line) => line.includes(word))

/** Returns the message and selected fields of a log line. */
function logged(service: string, line: string): OrderLog['logs'] {
  const entry = parsed(line)
  if (typeof entry?.time !== 'string') return []
  const { time: at, level, msg, traceId, attempts, err } = entry
  const cause = (err as { message?: string } | undefined)?.message
  return [
    {
      at,
      service,
      level: String(level),
      message: String(msg),
      ...(typeof traceId === 'string' && { traceId }),
      ...(typeof attempts === 'number' && { attempts }),
      ...(cause && { cause }),
    },
  ]
}

function effect(line: string): OrderLog['provider'] {
  const entry = parsed(line)
  if (typeof entry?.at !== 'string') return []
  const { at, effect: name, amount, code } = entry
  return [
    {
      at,
      effect: String(name),
      ...(typeof amount === 'number' && { amount }),
      ...(typeof code === 'string' && { detail: code }),
    },
  ]
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    return undefined
  }
}
