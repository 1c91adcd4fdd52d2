import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { join } from 'node:path'

/**
 * Planted by `copy.ts` into a copy of the shop, in place of each `// crash point:` comment; the shop itself knows
 * nothing of it. Notes each point that this process passes. A process ends, as a power cut would end it, at the
 * point that it found at the head of its orders: `name@2` is the second time that it comes to `name`; what is named
 * `soon …` gives the process the time to send what it has answered. An order stands until it is carried out, whatever
 * else ends a process meanwhile.
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
  flushCompileCache() // which a process does when it ends well, so that its next life starts quickly
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

/** The orders that nobody has carried out. */
function open(): string[] {
  return readFileSync(orders, 'utf8').split('\n').filter(Boolean)
}
