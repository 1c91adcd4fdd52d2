import { type Project, projectAt } from '@sidecart/platform/config/project.ts'
import { createProgress, type Progress } from '@sidecart/platform/process/terminal.ts'
import { down } from '@sidecart/platform/supervisor/down.ts'
import { upUnlessRunning } from '@sidecart/platform/supervisor/up.ts'

/**
 * Starts the shop unless one is running, measures, prints the result as JSON, and stops a shop
 * started here.
 */
export async function measured<T extends { ok: boolean }>(
  measure: (project: Project, progress: Progress) => Promise<T>,
): Promise<void> {
  const project = projectAt()
  const progress = createProgress(process.stderr)
  const opened = await upUnlessRunning(project, {}, progress)
  try {
    const result = await measure(project, progress)
    console.log(JSON.stringify(result, null, 2))
    if (!result.ok) process.exitCode = 1
  } finally {
    progress.end()
    if (opened) await down(project)
  }
}

export const rounded = (value: number, digits = 1): number => Number(value.toFixed(digits))
