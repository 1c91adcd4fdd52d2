import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { UserError } from '../project.ts'

const Entries = z.array(z.looseObject({ name: z.string() })).optional()
const Resource = z
  .looseObject({
    kind: z.string(),
    metadata: z.looseObject({ name: z.string() }),
    scopes: z.array(z.string()).default([]),
    spec: z.looseObject({}).default({}),
  })
  .refine(({ kind, spec }) => kind !== 'Component' || Entries.safeParse(spec.metadata).success, {
    path: ['spec', 'metadata'],
    error: 'a list of entries with names',
  })
/** A Dapr resource with its source file. */
export type Resource = z.output<typeof Resource> & { file: string }

/** Returns every Dapr resource in the YAML files of some folders. @throws UserError naming an invalid file */
export function readResources(folders: readonly string[]): Resource[] {
  return folders.flatMap((folder) => {
    const files = readdirSync(folder).filter((name) => /\.ya?ml$/.test(name))
    return files.sort().flatMap((name) => resourcesOf(join(folder, name)))
  })
}

/** Returns the Dapr resources of one file. @throws UserError when the file holds anything else */
export function resourcesOf(file: string): Resource[] {
  return resourcesIn(readFileSync(file, 'utf8'), file)
}

/** Parses the Dapr resources of a text from `file`. @throws UserError when the text holds anything else */
export function resourcesIn(text: string, file: string): Resource[] {
  return parseAllDocuments(text).map((document) => {
    const [unreadable] = document.errors
    const result = Resource.safeParse(unreadable ? undefined : contentOf(document, file))
    if (result.success) return { ...result.data, file }
    const [issue] = result.error.issues
    throw noResource(file, unreadable?.message ?? `${issue?.path.join('.')}: ${issue?.message}`)
  })
}

/** An alias may lead nowhere, or a few of them to too much. */
function contentOf(document: { toJS(): unknown }, file: string): unknown {
  try {
    return document.toJS()
  } catch (error) {
    throw noResource(file, (error as Error).message)
  }
}

const noResource = (file: string, fault: string): UserError =>
  new UserError(`${file} holds something that is no Dapr resource: ${fault}`)

/** Returns true when the resources contain a component of this type, e.g. `pubsub.jetstream`. */
export function uses(type: string, resources: readonly Resource[]): boolean {
  return resources.some(({ kind, spec }) => kind === 'Component' && spec.type === type)
}

/**
 * Returns the streams that a JetStream broker needs before sidecars start. Each dead letter topic has a stream of its
 * own: a stream drops a message id seen within two minutes, and a dead letter keeps the id of its event.
 */
export function streamsFor(resources: readonly Resource[]): { name: string; subjects: string[] }[] {
  const subscriptions = resources
    .filter(({ kind }) => kind === 'Subscription')
    .map(({ spec }) => spec)
  const dead = unique(subscriptions.map(({ deadLetterTopic }) => deadLetterTopic))
  const received = unique(subscriptions.map(({ topic }) => topic))
  const events = unique([...received, ...resources.flatMap(publishedThrough)]).filter(
    (topic) => !dead.includes(topic),
  )
  return [
    { name: 'events', subjects: events },
    ...dead.map((topic) => ({ name: topic, subjects: [topic] })),
  ]
}

/** Returns every subscribing app with its topics. */
export function consumersIn(resources: readonly Resource[]): { app: string; topics: string[] }[] {
  const received = resources
    .filter(({ kind }) => kind === 'Subscription')
    .flatMap(({ scopes, spec }) => scopes.map((app) => ({ app, topic: String(spec.topic) })))
  return [...Map.groupBy(received, ({ app }) => app)].map(([app, theirs]) => ({
    app,
    topics: theirs.map(({ topic }) => topic),
  }))
}

/** Returns every topic with the queue of each subscribing app, named as by Dapr's RabbitMQ component. */
export function topicsFor(resources: readonly Resource[]): { name: string; queues: string[] }[] {
  const received = consumersIn(resources).flatMap(({ app, topics }) =>
    topics.map((topic) => ({ app, topic })),
  )
  const names = unique([
    ...received.map(({ topic }) => topic),
    ...resources.flatMap(publishedThrough),
  ])
  return names.map((name) => ({
    name,
    queues: received.filter(({ topic }) => topic === name).map(({ app }) => `${app}-${name}`),
  }))
}

/** Returns the topics that an app may publish through these components, including its dead letters. */
export function publishedBy(app: string, resources: readonly Resource[]): string[] {
  const dead = resources
    .filter(({ kind, scopes }) => kind === 'Subscription' && scopes.includes(app))
    .map(({ spec }) => spec.deadLetterTopic)
  const published = resources.flatMap(publishingScopes).filter((scope) => scope.app === app)
  return unique([...published.flatMap(({ topics }) => topics), ...dead])
}

const publishedThrough = (resource: Resource): string[] =>
  publishingScopes(resource).flatMap(({ topics }) => topics)

/** Parses `publishingScopes`: `app=topic,topic;app=topic`. */
function publishingScopes({ kind, spec }: Resource): { app: string; topics: string[] }[] {
  if (kind !== 'Component') return []
  const scopes = entriesIn(spec).find(({ name }) => name === 'publishingScopes')?.value ?? ''
  return String(scopes)
    .split(';')
    .map((scope) => {
      const [app = '', topics = ''] = scope.split('=')
      return { app: app.trim(), topics: topics.split(',').map((topic) => topic.trim()) }
    })
}

function unique(topics: readonly unknown[]): string[] {
  return [...new Set(topics)]
    .filter((topic): topic is string => typeof topic === 'string' && topic !== '')
    .sort()
}

/** A component field with a value or the name of a secret. */
export type Entry = { name: string; value?: unknown; secretKeyRef?: { name: string } }

/** Returns the prefix of messages about a component. */
export const titleOf = ({ file, metadata, spec }: Resource): string =>
  `${file}: component ${metadata.name} (${spec.type})`

/** Returns the match of a pattern in the first matching text, or an empty array. */
export const firstOf = (pattern: RegExp, texts: readonly string[]): readonly string[] =>
  texts.map((text) => pattern.exec(text)).find((found) => found !== null) ?? []

export const entriesOf = ({ spec }: Resource): Entry[] => entriesIn(spec)

const entriesIn = ({ metadata }: Resource['spec']): Entry[] => (metadata ?? []) as Entry[]
