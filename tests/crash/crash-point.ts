import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { join } from 'node:path'

/**
 * Replaces each `// crash point:` comment in the copy of the shop made by `copy.ts`; the original
 * source contains no call. Records each crash point passed by this process. The process kills
 * itself with SIGKILL at the first crash point listed in its instruction file: `name@2` means the
 * second pass of `name`. A name starting with `soon` delays the kill by 20 ms, so that the process
 * can still send its response. An instruction is removed only after it was executed, so it survives
 * other crashes.
 */
const soonMs = 20
const folder = join(import.meta.dirname, '.sidecart/crash')
const service = process.env.APP_ID ?? 'provider'
const orders = join(folder, `${service}.orders`)
const [target] = open()
const passes = new Map<string, number>()

export function crashPoint(name: string): void {
  const point = `${service}: ${name.trim()}`
  const pass = (passes.get(point) ?? 0) + 1
  passes.set(point, pass)
  note('passed', point)
  if (`${point}@${pass}` !== target) return
  if (name.startsWith('soon ')) setTimeout(crash, soonMs)
  else crash()
}

function crash(): void {
  flushCompileCache() // like at a normal exit, to make the next start fast
  note('crashed', `${target}`)
  writeFileSync(
    orders,
    open()
      .slice(1)
      .map((order) => `${order}\n`)
      .join(''),
  )
  process.kill(process.pid, 'SIGKILL')
}

function note(file: string, line: string): void {
  appendFileSync(join(folder, file), `${line}\n`)
}

/** Returns the instructions not yet executed. */
function open(): string[] {
  return readFileSync(orders, 'utf8').split('\n').filter(Boolean)
}
