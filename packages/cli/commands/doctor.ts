import { projectAt } from '@sidecart/platform/config/project.ts'
import { durability } from '@sidecart/platform/durability/durability.ts'
import { command } from '../command.ts'

export default command({
  meta: {
    name: 'doctor',
    description: 'Ask the running servers whether what they acknowledge survives a power cut',
  },
  args: { json: { type: 'boolean', description: 'For programs' } },
  run: async ({ args }) => {
    const checks = await durability(projectAt())
    const ok = checks.every((check) => check.ok)
    if (args.json) console.log(JSON.stringify({ ok, checks }))
    else
      for (const check of checks)
        console.log(`${check.ok ? '✓' : '✗'} ${check.name}: ${check.detail}`)
    if (!ok) process.exitCode = 1
  },
})
