import { add, type Call, type Frame, type Owner } from './stacks.ts'

type Place = { functionName: string; url: string }
/**
 * V8's own format: https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile
 */
export type CpuProfile = {
  nodes: { id: number; callFrame: Place; children?: number[] }[]
  startTime: number
  endTime: number
  samples: number[]
  timeDeltas: number[]
}

const owners: readonly [RegExp, Owner][] = [
  [/node_modules\/(pg|pg-\w+|kysely)\//, 'database client'],
  [/node_modules\/(hono|@hono|undici)\/|^node:.*(http|net|undici|stream)/, 'HTTP'],
  [/node_modules\/(@dapr|@grpc)\//, 'gRPC and TLS'],
  [/node_modules\//, 'libraries'],
  [/^node:/, 'runtime'],
  [/\/(services|chassis)\//, 'the shop'],
]
const systemCalls = ['writev', 'writeBuffer', 'writeUtf8String', 'writeLatin1String']

/** Returns the call at a node of a profile, or `undefined` for an idle node. */
export function ofNode({ functionName: name, url }: Place): Call | undefined {
  if (name === '(idle)' || name === '(root)') return undefined
  if (systemCalls.includes(name)) return { name, owner: 'kernel' }
  const owner = owners.find(([where]) => where.test(url))?.[1] ?? 'runtime'
  return { name: name || '(anonymous)', owner }
}

/** Adds the samples of a time span, in seconds before the end of the profile. */
export function addNode(root: Frame, profile: CpuProfile, fromS: number, toS: number): void {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]))
  const callers = new Map(
    profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  )
  const stacks = new Map<number, Call[]>()
  const stackOf = (id: number): Call[] => {
    const caller = callers.get(id)
    const call = ofNode(nodes.get(id)?.callFrame ?? { functionName: '(root)', url: '' })
    const stack = stacks.get(id) ?? [
      ...(caller === undefined ? [] : stackOf(caller)),
      ...(call ? [call] : []),
    ]
    stacks.set(id, stack)
    return stack
  }
  let at = profile.startTime
  for (const [index, id] of profile.samples.entries()) {
    const spent = profile.timeDeltas[index] ?? 0
    at += spent
    const beforeEnd = (profile.endTime - at) / 1e6
    const isIdle = nodes.get(id)?.callFrame.functionName === '(idle)'
    if (beforeEnd <= fromS && beforeEnd >= toS && !isIdle) add(root, stackOf(id), spent / 1000)
  }
}
