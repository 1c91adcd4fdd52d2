import { gunzipSync } from 'node:zlib'
import { Profile } from 'pprof-format'
import { add, type Call, type Frame, type Owner } from './stacks.ts'

const owners: readonly [RegExp, Owner][] = [
  [/^google\.golang\.org\/(grpc|protobuf)|^crypto\/|^golang\.org\/x\/net\/http2/, 'gRPC and TLS'],
  [/^net\/http|^github\.com\/(valyala|go-chi)/, 'HTTP'],
  [/components-contrib\/pubsub|^github\.com\/nats-io/, 'broker client'],
  [/^github\.com\/dapr\//, 'Dapr'],
  [/^(internal\/runtime\/)?syscall|^internal\/poll|^runtime\.(futex|epoll|netpoll)/, 'kernel'],
  [/^(runtime|sync|internal)[./]/, 'runtime'],
]

export function ofGo(name: string): Call {
  const owner = owners.find(([who]) => who.test(name))?.[1] ?? 'libraries'
  return { name: name.slice(name.lastIndexOf('/') + 1), owner }
}

/** Adds the samples of a Go CPU profile (/debug/pprof/profile). */
export function addGo(root: Frame, answer: Uint8Array): void {
  const profile = Profile.decode(gunzipSync(answer))
  const textAt = (index: number | bigint) => profile.stringTable.strings[Number(index)] ?? ''
  const functions = new Map(profile.function.map(({ id, name }) => [id, textAt(name)]))
  const locations = new Map(
    profile.location.map(({ id, line }) => [
      id,
      // the innermost of inlined calls comes first
      line.map(({ functionId }) => ofGo(functions.get(functionId) ?? '')).toReversed(),
    ]),
  )
  for (const { locationId, value } of profile.sample) {
    const stack = locationId.toReversed().flatMap((id) => locations.get(id) ?? [])
    add(root, stack, Number(value[1] ?? 0) / 1e6)
  }
}
