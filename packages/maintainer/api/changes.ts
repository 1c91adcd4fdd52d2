import type { OpenApiDocument } from '@sidecart/chassis/http/app.ts'
import type { AsyncApiDocument } from './documents.ts'
import { breaks, refuses, type Schema } from './growth.ts'

type Content = { content?: Record<string, { schema?: Schema }> }
type Parameter = { name: string; in: string; required?: boolean }
type Operation = {
  parameters?: Parameter[]
  requestBody?: Content & { required?: boolean }
  responses: Record<string, Content>
}

/** Returns the changes in `now` that break a client written for `before`. */
export function openApiBreaks(before: OpenApiDocument, now: OpenApiDocument): string[] {
  return Object.entries(before.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, was]) => {
      const name = `${method.toUpperCase()} ${path}`
      const is = now.paths[path]?.[method]
      if (!is) return [`${name} was removed`]
      return [
        ...parameterBreaks(name, was as Operation, is as Operation),
        ...bodyBreaks(name, [before, was as Operation], [now, is as Operation]),
        ...answerBreaks(name, [before, was as Operation], [now, is as Operation]),
      ]
    }),
  )
}

function parameterBreaks(name: string, was: Operation, is: Operation): string[] {
  const known = new Map((was.parameters ?? []).map((one) => [`${one.in} ${one.name}`, one]))
  const current = new Map((is.parameters ?? []).map((one) => [`${one.in} ${one.name}`, one]))
  const removed = [...known.keys()].filter((key) => !current.has(key))
  const required = [...current].filter(([key, one]) => one.required && !known.get(key)?.required)
  return [
    ...removed.map((key) => `${name}: ${key} is no longer taken`),
    ...required.map(([key]) => `${name}: ${key} became required`),
  ]
}

type In = [OpenApiDocument, Operation]

/** Request bodies valid before must still be accepted. */
function bodyBreaks(name: string, [before, was]: In, [now, is]: In): string[] {
  const [taken, takes] = [schemaOf(before, was.requestBody), schemaOf(now, is.requestBody)]
  if (!takes) return []
  if (!taken) return is.requestBody?.required ? [`${name}: a body became required`] : []
  return refuses(taken, takes, `${name} body`)
}

/** Fields and statuses that clients read must still exist; a refusal may become one of the others. */
function answerBreaks(name: string, [before, was]: In, [now, is]: In): string[] {
  return Object.entries(was.responses).flatMap(([status, answer]) => {
    const current = is.responses[status] ?? (/^4/.test(status) ? is.responses.default : undefined)
    if (!current) return [`${name} no longer answers ${status}`]
    const [gave, gives] = [schemaOf(before, answer), schemaOf(now, current)]
    return gave && gives
      ? breaks(gave, gives, `${name} ${status}`).filter(
          (finding) => !/ became required$/.test(finding),
        )
      : []
  })
}

export function asyncApiBreaks(before: AsyncApiDocument, now: AsyncApiDocument): string[] {
  return Object.entries(before.components.messages).flatMap(([topic, { payload }]) => {
    const current = now.components.messages[topic]
    if (!current) return [`${topic} was removed`]
    return breaks(payload.properties.data, current.payload.properties.data, topic)
  })
}

function schemaOf(document: OpenApiDocument, holder: Content | undefined): Schema | undefined {
  const [first] = Object.values(holder?.content ?? {})
  return first?.schema && resolved(document, first.schema)
}

type Written = Schema & { $ref?: string; allOf?: Written[] }

/** Returns the schema with references resolved and the parts of each `allOf` merged. */
function resolved(document: OpenApiDocument, written: Written): Schema {
  const name = written.$ref?.split('/').at(-1)
  if (name) return resolved(document, document.components?.schemas?.[name] as Written)
  const { allOf, ...schema } = written
  if (allOf) return [schema, ...allOf].map((part) => resolved(document, part)).reduce(merge)
  return {
    ...schema,
    ...(schema.anyOf && { anyOf: schema.anyOf.map((one) => resolved(document, one)) }),
    ...(schema.oneOf && { oneOf: schema.oneOf.map((one) => resolved(document, one)) }),
    ...(schema.properties && {
      properties: Object.fromEntries(
        Object.entries(schema.properties).map(([key, one]) => [key, resolved(document, one)]),
      ),
    }),
    ...(schema.items && { items: resolved(document, schema.items) }),
  }
}

function merge(one: Schema, other: Schema): Schema {
  const properties = { ...one.properties }
  for (const [key, schema] of Object.entries(other.properties ?? {}))
    properties[key] = properties[key] ? merge(properties[key], schema) : schema
  const required = [...new Set([...(one.required ?? []), ...(other.required ?? [])])]
  return {
    ...one,
    ...other,
    ...(Object.keys(properties).length > 0 && { properties }),
    ...(required.length > 0 && { required }),
  }
}
