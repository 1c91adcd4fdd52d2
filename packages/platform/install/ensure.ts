import { homedir } from 'node:os'
import { dirname } from 'node:path'
import { ensureParts, type Part, type PartOptions } from './binaries.ts'
import { createProgress } from './progress.ts'
import { type PartName, partNames } from './versions.ts'

export type Runtime = {
  parts: Record<PartName, Part>
  /** Value of DAPR_RUNTIME_PATH for `dapr run`; undefined when daprd is in the default folder. */
  daprRuntimePath: string | undefined
}

/**
 * Ensures that all programs of the shop are on disk. Prints progress on stderr, or sends progress to `log` and
 * `progress`. Takes milliseconds when everything is installed, minutes when everything is built. Throws PartError.
 */
export async function ensureRuntime(
  options: PartOptions & { names?: readonly PartName[] } = {},
): Promise<Runtime> {
  const printer = createProgress()
  try {
    const parts = await ensureParts(options.names ?? partNames, {
      log: printer.print,
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

/** Returns a table of parts: version, origin and path. */
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
