import type { Project } from '@sidecart/platform/config/project.ts'
import { statusOf } from '@sidecart/platform/supervisor/status.ts'

const lookEveryMs = 5_000

/** Samples the memory of the shop's processes and detects exits. */
export async function watchProcesses(project: Project) {
  const largest = { name: '', mb: 0 }

  async function look(): Promise<number> {
    const { processes } = await statusOf(project)
    for (const { name, rssMb = 0 } of processes)
      if (rssMb > largest.mb) Object.assign(largest, { name, mb: rssMb })
    return processes.reduce((sum, { restarts }) => sum + restarts, 0)
  }

  const before = await look()
  const timer = setInterval(() => void look(), lookEveryMs)
  return {
    async end() {
      clearInterval(timer)
      return { restarts: (await look()) - before, largest }
    },
  }
}
