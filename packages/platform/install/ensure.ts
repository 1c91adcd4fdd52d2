import { homedir } from 'node:os'
import { dirname } from 'node:path'
import { ensureParts, type Part, type PartOptions } from './binaries.ts'
import { createProgress } from './progress.ts'
import { type PartName, partNames } from './versions.ts'

export type Runtime = {
  parts: Record<PartName, Part>
  /** For DAPR_RUNTIME_PATH of `dapr run`; undefined if daprd is where `dapr run` looks by itself. */
  daprRuntimePath: string | undefined
}

/**
 * Everything that must be on disk before the shop starts. What has to be fetched is shown on stderr, or sent to `log`
 * and `progress`. Takes milliseconds when all is there, minutes when all is built. Throws PartError.
 */
export async function ensureRuntime(
  options: PartOptions & { names?: readonly PartName[] } = {},
): Promise<Runtime> {
  const printer = createProgress()
  try {
    const parts = await ensureParts(options.names ?? partNames, {
      log: printer.say,
      progress: printer.report,
      ...options,
    })
    return {
      parts: Object.fromEntries(parts.map((part) => [part.name, part])) as Record<PartName, Part>,
      daprRuntimePath: runtimePathOf(parts),
    }
  } finally {
    printer.end()
  }
}

// daprd lies in <runtime path>/.dapr/bin/daprd.
function runtimePathOf(parts: readonly Part[]): string | undefined {
  const daprd = parts.find(({ name }) => name === 'daprd')
  const base = daprd && dirname(dirname(dirname(daprd.path)))
  return base === homedir() ? undefined : base
}

/** A table of part, version, how it was got, and path. */
function tableOf(parts: readonly Part[]): string {
  const rows = [
    ['part', 'version', 'how', 'path'],
    ...parts.map(({ name, version, how, path }) => [name, version, how, path]),
  ]
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
    .join('\n')
}

if (import.meta.main) {
  try {
    const { parts, daprRuntimePath } = await ensureRuntime()
    console.log(tableOf(Object.values(parts)))
    if (daprRuntimePath) console.log(`\nFor dapr run: export DAPR_RUNTIME_PATH=${daprRuntimePath}`)
  } catch (error) {
    console.error((error as Error).message)
    process.exitCode = 1
  }
}
