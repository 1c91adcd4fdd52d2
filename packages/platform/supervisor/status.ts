import { readFileSync } from 'node:fs'
import { ensureAppTokens } from '../config/environment.ts'
import { warningsOf } from '../config/identity/trust-anchors.ts'
import type { Project } from '../config/project.ts'
import { accepts, answers } from '../process/start-process.ts'
import { table } from '../process/terminal.ts'
import { sidecarHealthy } from './apps.ts'
import { type ProcessRecord, procOf, readState, supervisorOf } from './state-file.ts'

export type ProcessStatus = {
  name: string
  role: ProcessRecord['role']
  phase: ProcessRecord['phase'] | 'gone'
  pid?: number
  ports: Record<string, number>
  ready: boolean
  rssMb?: number
  restarts: number
  uptimeSeconds?: number
  logFile: string
}
export type Status = {
  running: boolean
  ready: boolean
  supervisor?: number
  processes: ProcessStatus[]
  /** Problems that will stop the shop unless an operator acts. */
  warnings: string[]
}

/** Queries every recorded process. `ready` is true when all processes are ready. */
export async function statusOf(project: Project): Promise<Status> {
  const state = readState(project)
  const supervisor = supervisorOf(state)
  const processes = await Promise.all(
    (state?.processes ?? []).map((record) => statusOfOne(project, record)),
  )
  return {
    running: processes.some(({ pid }) => pid !== undefined),
    ready: processes.length > 0 && processes.every(({ ready }) => ready),
    ...(supervisor && { supervisor: supervisor.pid }),
    processes,
    warnings: warningsOf(project),
  }
}

async function statusOfOne(project: Project, record: ProcessRecord): Promise<ProcessStatus> {
  const { name, role, ports, restarts, startedAt, logFile } = record
  const proc = procOf(record)
  const lost = proc === undefined && record.pid !== undefined
  const rssMb = proc && residentMb(proc.pid)
  return {
    name,
    role,
    phase: lost ? 'gone' : record.phase,
    ...(proc && { pid: proc.pid }),
    ports,
    ready:
      (proc !== undefined || Object.keys(ports).length === 0) && (await isReady(project, record)),
    ...(rssMb !== undefined && { rssMb }),
    restarts,
    ...(proc &&
      startedAt && { uptimeSeconds: Math.round((Date.now() - Date.parse(startedAt)) / 1000) }),
    logFile,
  }
}

async function isReady(project: Project, { name, role, ports }: ProcessRecord): Promise<boolean> {
  if (role === 'app') return answers(`http://127.0.0.1:${ports.app}/readyz`)
  if (role === 'sidecar')
    return sidecarHealthy(ports.http ?? 0, ensureAppTokens(project, appIdOf(name)))
  return (await Promise.all(Object.values(ports).map((port) => accepts(port)))).every(Boolean)
}

/** Returns the app of a process: `orders-2-sidecar` is a sidecar of `orders`. */
const appIdOf = (sidecar: string) => sidecar.replace(/(-\d+)?-sidecar$/, '')

/** Returns the resident memory on Linux; other systems would need another process to find out. */
function residentMb(pid: number): number | undefined {
  try {
    const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return kilobytes === undefined ? undefined : Math.round(Number(kilobytes) / 1024)
  } catch {
    return undefined
  }
}

export function tableOf({ processes }: Status): string {
  const rows = processes.map((one) => [
    one.ready ? '✔' : '✖',
    one.name,
    one.ready ? 'ready' : one.phase === 'ready' ? 'not ready' : one.phase,
    String(one.pid ?? '-'),
    Object.entries(one.ports)
      .map(([use, port]) => `${use} ${port}`)
      .join(', '),
    one.rssMb === undefined ? '-' : `${one.rssMb} MB`,
    String(one.restarts),
    one.uptimeSeconds === undefined ? '-' : duration(one.uptimeSeconds),
  ])
  return table([['', 'NAME', 'STATE', 'PID', 'PORTS', 'MEMORY', 'RESTARTS', 'UP'], ...rows])
}

function duration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`
}
