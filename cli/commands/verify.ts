import { defineCommand } from 'citty'
import { thisShop } from '../this-shop.ts'
import { runChecks } from '../verify/checks.ts'
import { readWorld } from '../verify/read.ts'

export default defineCommand({
  meta: {
    name: 'verify',
    description: 'Check the books of all services against each other, the provider and the inbox',
  },
  args: { json: { type: 'boolean', description: 'Print the result as JSON' } },
  async run({ args }) {
    const world = await readWorld(await thisShop())
    const checks = runChecks(world)
    const ok = checks.every((check) => check.ok)
    if (args.json) console.log(JSON.stringify({ ok, checks }))
    else
      for (const check of checks)
        console.log(`${check.ok ? '✓' : '✗'} ${check.name}: ${check.detail}`)
    if (!ok) process.exitCode = 1
  },
})
