import { z } from 'zod'

const Consumer = z.object({
  name: z.string(),
  config: z.object({ mem_storage: z.boolean().default(false) }),
})
const Stream = z.object({
  name: z.string(),
  config: z.object({ storage: z.string() }),
  consumer_detail: z.array(Consumer).default([]),
})
const Account = z.object({ stream_detail: z.array(Stream).default([]) })
const Report = z.object({
  config: z.object({ sync_always: z.boolean().default(false) }),
  account_details: z.array(Account).default([]),
})
type JetStreamReport = z.output<typeof Report>

/** Queries the running server's monitor port. */
export async function readJetStream(monitor: string): Promise<JetStreamReport> {
  const answer = await fetch(`${monitor}/jsz?streams=true&consumers=true&config=true`, {
    signal: AbortSignal.timeout(5_000),
  })
  if (!answer.ok) throw new Error(`${monitor} answered ${answer.status}`)
  return Report.parse(await answer.json())
}

/** Returns one line per setting weaker than "on disk before acknowledged". */
export function jetStreamFaults({ config, account_details }: JetStreamReport): string[] {
  const streams = account_details.flatMap(({ stream_detail }) => stream_detail)
  return [
    ...(config.sync_always
      ? []
      : ['sync_interval is not always: events are acknowledged before they are on the disk']),
    ...(streams.length > 0 ? [] : ['there is no stream: events have nowhere to go']),
    ...streams
      .filter(({ config }) => config.storage !== 'file')
      .map(({ name, config }) => `stream ${name} is kept in ${config.storage}, not in files`),
    ...streams.flatMap(({ consumer_detail }) =>
      consumer_detail
        .filter(({ config }) => config.mem_storage)
        .map(({ name }) => `consumer ${name} forgets its place when the server stops`),
    ),
  ]
}
