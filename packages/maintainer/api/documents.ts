import { createRoute, OpenAPIHono } from '@sidecart/chassis/contract/openapi.ts'
import { type AppEnv, documentOf, type OpenApiDocument } from '@sidecart/chassis/http/app.ts'
import { manifests, routesByService } from '@sidecart/platform/config/manifests.ts'
import { z } from 'zod'
import { merge } from '../../../services/gateway/openapi-merge.ts'
import type { GeneratedFiles } from '../generate/generated-file.ts'
import type { Schema } from './growth.ts'

/** Returns the OpenAPI document of every public operation, derived from the contracts alone. */
export function openApi(): OpenApiDocument {
  const names = Object.keys(routesByService)
  return merge(names, names.map(documentOfService))
}

function documentOfService(name: string): OpenApiDocument {
  const app = new OpenAPIHono<AppEnv>()
  for (const route of Object.values(routesByService[name] ?? {}))
    app.openAPIRegistry.registerPath(createRoute(route))
  return documentOf(app, name)
}

export type AsyncApiDocument = {
  asyncapi: '3.0.0'
  info: { title: string; version: string; description: string }
  defaultContentType: string
  channels: Record<string, { address: string; messages: Record<string, { $ref: string }> }>
  operations: Record<
    string,
    { action: 'send' | 'receive'; channel: { $ref: string }; tags: readonly { name: string }[] }
  >
  components: {
    messages: Record<string, { name: string; payload: { properties: { data: Schema } } }>
  }
}

/** Returns the AsyncAPI document: the events of every contract, with their publisher and their subscribers. */
export function asyncApi(): AsyncApiDocument {
  const published = manifests.flatMap(({ name: owner, publishes = {} }) =>
    Object.values(publishes).map(({ topic, schema }) => ({ owner, topic, schema })),
  )
  const operation = (action: 'send' | 'receive', app: string, topic: string) =>
    [
      `${app}-${action}s-${topic}`,
      { action, channel: { $ref: `#/channels/${topic}` }, tags: [{ name: app }] },
    ] as const
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Sidecart events',
      version: '1.0.0',
      description:
        'What services say has happened, as CloudEvents through the broker. Events are past tense; none tells anybody what to do. Contracts only grow.',
    },
    defaultContentType: 'application/cloudevents+json',
    channels: Object.fromEntries(
      published.map(({ topic }) => [
        topic,
        { address: topic, messages: { [topic]: { $ref: `#/components/messages/${topic}` } } },
      ]),
    ),
    operations: Object.fromEntries(
      published.flatMap(({ owner, topic }) => [
        operation('send', owner, topic),
        ...subscribersTo(topic).map((app) => operation('receive', app, topic)),
      ]),
    ),
    components: {
      messages: Object.fromEntries(
        published.map(({ owner, topic, schema }) => [topic, message(owner, topic, schema)]),
      ),
    },
  }
}

const message = (owner: string, topic: string, schema: z.ZodType) => ({
  name: topic,
  contentType: 'application/cloudevents+json',
  payload: {
    type: 'object',
    required: ['id', 'source', 'type', 'specversion', 'data'],
    properties: {
      id: {
        type: 'string',
        description: 'The same in every copy: what was received is not received twice',
      },
      source: { const: owner },
      type: { const: topic },
      specversion: { const: '1.0' },
      time: { type: 'string', format: 'date-time' },
      traceparent: { type: 'string' },
      data: plain(z.toJSONSchema(schema, { io: 'output' }) as Schema),
    },
  },
})

/** Removes `$schema`: a schema inside another document declares no dialect. */
const plain = ({ $schema: _, ...schema }: Schema & { $schema?: string }): Schema => schema

const subscribersTo = (topic: string): string[] =>
  manifests
    .filter(({ subscribesTo = [] }) => subscribesTo.some((event) => event.topic === topic))
    .map(({ name }) => name)
    .sort()

/** Returns the documents to commit, by path. */
export const apiDocuments = (): Record<string, OpenApiDocument | AsyncApiDocument> => ({
  'docs/openapi.json': openApi(),
  'docs/asyncapi.json': asyncApi(),
})

export const textOf = (document: object): string => `${JSON.stringify(document, null, 2)}\n`

export const apiPages = (): GeneratedFiles =>
  Object.fromEntries(
    Object.entries(apiDocuments()).map(([path, document]) => [path, () => textOf(document)]),
  )
