import { join } from 'node:path'
import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import { catalogEvents } from '@sidecart/catalog/contract.ts'
import type { EventDefinition } from '@sidecart/chassis/contract/event.ts'
import { type AppEnv, documentOf, type OpenApiDocument } from '@sidecart/chassis/http/app.ts'
import { orderEvents } from '@sidecart/orders/contract.ts'
import { paymentEvents } from '@sidecart/payments/contract.ts'
import { readResources } from '@sidecart/platform/config/components.ts'
import { routesByService } from '@sidecart/platform/config/contracts.ts'
import { readRunFile } from '@sidecart/platform/config/dapr-yaml.ts'
import type { Project } from '@sidecart/platform/config/project.ts'
import { userEvents } from '@sidecart/users/contract.ts'
import { z } from 'zod'
import { merge } from '../../../services/gateway/openapi-merge.ts'
import type { Schema } from './growth.ts'

const events = {
  users: userEvents,
  catalog: catalogEvents,
  orders: orderEvents,
  payments: paymentEvents,
}

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

/**
 * Returns the AsyncAPI document: the payload of every event from its owner's contract, and the consumers from the
 * subscriptions of dapr.yaml.
 */
export function asyncApi(project: Project): AsyncApiDocument {
  const said = Object.entries(events).flatMap(([owner, own]) =>
    (Object.values(own) as EventDefinition[]).map((event) => ({
      owner,
      topic: event.topic,
      schema: event.schema,
    })),
  )
  const consumers = consumersOf(project)
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
      said.map(({ topic }) => [
        topic,
        { address: topic, messages: { [topic]: { $ref: `#/components/messages/${topic}` } } },
      ]),
    ),
    operations: Object.fromEntries(
      said.flatMap(({ owner, topic }) => [
        operation('send', owner, topic),
        ...(consumers.get(topic) ?? []).map((app) => operation('receive', app, topic)),
      ]),
    ),
    components: {
      messages: Object.fromEntries(
        said.map(({ owner, topic, schema }) => [topic, message(owner, topic, schema)]),
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

function consumersOf({ runFile }: Project): Map<string, string[]> {
  const folders = new Set(readRunFile(runFile).flatMap(({ resourcesPaths }) => resourcesPaths))
  const consumers = new Map<string, string[]>()
  for (const { kind, scopes, spec } of readResources([...folders])) {
    if (kind !== 'Subscription') continue
    const topic = String(spec.topic)
    consumers.set(topic, [...(consumers.get(topic) ?? []), ...scopes].sort())
  }
  return consumers
}

/** Returns the documents to commit, by path. */
export const apiDocuments = (project: Project): Record<string, object> => ({
  [join('docs', 'openapi.json')]: openApi(),
  [join('docs', 'asyncapi.json')]: asyncApi(project),
})
