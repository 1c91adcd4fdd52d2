/** Whose code a frame is: what pictures colour by, and sums go by. */
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

/** A function as called from the one above it, with the time spent in it and in what it calls. */
export type Frame = Call & { ms: number; selfMs: number; calls: Map<string, Frame> }

export const emptyFrame = ({ name, owner }: Call): Frame => ({
  name,
  owner,
  ms: 0,
  selfMs: 0,
  calls: new Map(),
})

/** Adds time that was spent in the last of these calls. */
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

/** Milliseconds by owner of the function that was at work, most first. */
export function byOwner(root: Frame): [Owner, number][] {
  const sums = new Map<Owner, number>()
  const walk = (frame: Frame): void => {
    sums.set(frame.owner, (sums.get(frame.owner) ?? 0) + frame.selfMs)
    frame.calls.forEach(walk)
  }
  root.calls.forEach(walk)
  return [...sums].sort(([, a], [, b]) => b - a)
}
