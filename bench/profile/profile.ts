import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Project, projectAt } from '@sidecart/platform/config/project.ts'
import { table } from '@sidecart/platform/process/terminal.ts'
import { beside } from '../contenders.ts'
import { runStep } from '../step.ts'
import { opened, staged } from '../trial.ts'
import { flame } from './flame.ts'
import { addGo } from './go.ts'
import { addNode, type CpuProfile } from './node.ts'
import { byOwner, emptyFrame, type Frame } from './stacks.ts'

/* Profiles the CPU cost of an order: all services and all sidecars under constant load, as two
   flame graphs in docs/images/ and as a table. */
const { values: given } = parseArgs({
  options: {
    rate: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '20' },
  },
})
const load = { ordersPerSecond: Number(given.rate), seconds: Number(given.seconds) }
const warmUp = { ordersPerSecond: 30, seconds: 20 }
/** A sidecar's profiling port is its HTTP port plus this offset. */
const profileOffset = 4_000

const { root } = projectAt()
const ports: number[] = []
let folder = ''

/** The shop as shipped, with profiling enabled in every Node process and every daprd. */
function profiled(project: Project) {
  folder = join(project.home, 'profiles')
  mkdirSync(folder, { recursive: true })
  return beside(project, {}, (appConfig) => {
    const profilePort = appConfig.ports.http + profileOffset
    ports.push(profilePort)
    const options = `${appConfig.env.NODE_OPTIONS ?? ''} --cpu-prof --cpu-prof-dir=${folder}`
    const env = { ...appConfig.env, NODE_OPTIONS: options.trim() }
    return [
      {
        ...appConfig,
        env,
        settings: { ...appConfig.settings, enableProfiling: true, profilePort },
      },
    ]
  })
}

const services = emptyFrame({ name: 'services', owner: 'the shop' })
const sidecars = emptyFrame({ name: 'sidecars', owner: 'Dapr' })

const endedAt = await opened(profiled, async (shop) => {
  await staged(shop)
  await runStep('warm-up', shop, warmUp)
  const answers = ports.map((port) => profileOf(port, load.seconds))
  await runStep('equal', shop, load)
  const now = Date.now()
  for (const answer of await Promise.all(answers)) addGo(sidecars, answer)
  return now
})
// Node writes the profile at exit
const goneS = (Date.now() - endedAt) / 1000
for (const file of readdirSync(folder)) {
  const profile = JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile
  addNode(services, profile, goneS + load.seconds, goneS)
}
rmSync(folder, { recursive: true })

for (const [name, frame] of Object.entries({ services, sidecars })) {
  const title = `Where the CPU of all ${name} goes, at ${load.ordersPerSecond} orders a second`
  writeFileSync(join(root, 'docs', 'images', `profile-${name}.svg`), flame(title, frame))
  console.log(`${title}\n${table(rowsOf(frame))}\n`)
}

function rowsOf(frame: Frame): string[][] {
  return byOwner(frame).map(([owner, ms]) => [owner, `${((ms / frame.ms) * 100).toFixed(0)} %`])
}

async function profileOf(port: number, seconds: number): Promise<Uint8Array> {
  const answer = await fetch(`http://127.0.0.1:${port}/debug/pprof/profile?seconds=${seconds}`)
  if (!answer.ok) throw new Error(`no profile from port ${port}: ${answer.status}`)
  return new Uint8Array(await answer.arrayBuffer())
}
