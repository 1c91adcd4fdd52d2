import { z } from 'zod'
import type { Stanza } from '../dapr-yaml.ts'
import type { Project } from '../project.ts'
import { ensureVariables } from '../variables.ts'

const Metadata = z.object({
  subscriptions: z
    .array(z.object({ pubsubname: z.string(), topic: z.string() }))
    .nullish()
    .transform((found) => found ?? []),
  components: z
    .array(z.object({ name: z.string(), type: z.string(), version: z.string() }))
    .nullish()
    .transform((found) => found ?? []),
})
export type Metadata = z.output<typeof Metadata>

/** What each sidecar says that it has loaded, by app-id. One that does not answer is missing. */
export async function askSidecars(
  project: Project,
  stanzas: readonly Stanza[],
): Promise<ReadonlyMap<string, Metadata>> {
  const headers = { 'dapr-api-token': ensureVariables(project).DAPR_API_TOKEN ?? '' }
  const found = new Map<string, Metadata>()
  await Promise.all(
    stanzas.map(async ({ appId, ports }) => {
      const url = `http://127.0.0.1:${ports.http}/v1.0/metadata`
      const answer = await fetch(url, { headers, signal: AbortSignal.timeout(1_500) }).catch(
        () => undefined,
      )
      if (answer?.ok) found.set(appId, Metadata.parse(await answer.json()))
    }),
  )
  return found
}
