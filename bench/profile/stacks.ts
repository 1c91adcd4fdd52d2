/** Owner of the code of a frame: decides colours and sums. */
export type Owner =
  | 'the shop'
  | 'HTTP'
  | 'database client'
  | 'gRPC and TLS'
  | 'Dapr'
  | 'broker client'
  | 'kernel'
  | 'runtime'
  | 'libraries'

export type Call = { name: string; owner: Owner }

/** A function at one position of the call tree. `ms` includes callees, `selfMs` does not. */
export type Frame = Call & { ms: number; selfMs: number; calls: Map<string, Frame> }

export const emptyFrame = ({ name, owner }: Call): Frame => ({
  name,
  owner,
  ms: 0,
  selfMs: 0,
  calls: new Map(),
})

/** Adds time spent in the last call of a stack. */
export function add(root: Frame, stack: readonly Call[], ms: number): void {
  let frame = root
  frame.ms += ms
  for (const call of stack) {
    const key = `${call.owner} ${call.name}`
    const next = frame.calls.get(key) ?? emptyFrame(call)
    frame.calls.set(key, next)
    next.ms += ms
    frame = next
  }
  frame.selfMs += ms
}

/** Returns self time in milliseconds by owner, largest first. */
export function byOwner(root: Frame): [Owner, number][] {
  const sums = new Map<Owner, number>()
  const walk = (frame: Frame): void => {
    sums.set(frame.owner, (sums.get(frame.owner) ?? 0) + frame.selfMs)
    frame.calls.forEach(walk)
  }
  root.calls.forEach(walk)
  return [...sums].sort(([, a], [, b]) => b - a)
}
