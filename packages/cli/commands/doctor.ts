import { projectAt } from '@sidecart/platform/config/project.ts'
import { examine } from '@sidecart/platform/doctor/doctor.ts'
import { command } from '../command.ts'

export default command({
  meta: {
    name: 'doctor',
    description:
      'Examine the machine, this checkout and the running shop; exit code 1 when something is wrong',
  },
  args: { json: { type: 'boolean', description: 'For programs' } },
  run: async ({ args }) => {
    const checks = await examine(projectAt())
    const ok = checks.every((check) => check.ok)
    if (args.json) console.log(JSON.stringify({ ok, checks }))
    else
      for (const { ok, name, detail, advice } of checks) {
        console.log(`${ok ? '✓' : '✗'} ${name}: ${detail}`)
        if (advice) console.log(`  → ${advice}`)
      }
    if (!ok) process.exitCode = 1
  },
})
