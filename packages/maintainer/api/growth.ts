/** The part of a JSON Schema that contracts here are made of. */
export type Schema = {
  type?: string
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  enum?: unknown[]
  const?: unknown
  anyOf?: Schema[]
  oneOf?: Schema[]
}

/**
 * What makes `now` unfit for messages and readers of `before`: a field that went, a type that changed, a field that
 * became required (messages under way do not have it) or stopped being so (readers rely on it), a value that readers do not know.
 */
export function breaks(before: Schema, now: Schema, at = 'data'): string[] {
  if (before.type !== now.type) return [`${at}: ${before.type} became ${now.type}`]
  const properties = Object.entries(before.properties ?? {}).flatMap(([name, schema]) => {
    const current = now.properties?.[name]
    return current ? breaks(schema, current, `${at}.${name}`) : [`${at}.${name} was removed`]
  })
  const required = [...without(now.required, before.required)].map(
    (name) => `${at}.${name} became required`,
  )
  const optional = [...without(before.required, now.required)].map(
    (name) => `${at}.${name} is no longer promised`,
  )
  const values = [...without(now.enum, before.enum)].map(
    (value) => `${at} may now be ${JSON.stringify(value)}`,
  )
  const items = before.items && now.items ? breaks(before.items, now.items, `${at}[]`) : []
  return [...properties, ...required, ...optional, ...values, ...items]
}

/** What was sent by those who know `before` and is refused by `now`: the same, seen from the other side. */
export function refuses(before: Schema, now: Schema, at = 'body'): string[] {
  if (before.type !== now.type) return [`${at}: ${before.type} became ${now.type}`]
  const properties = Object.entries(before.properties ?? {}).flatMap(([name, schema]) => {
    const current = now.properties?.[name]
    return current ? refuses(schema, current, `${at}.${name}`) : [`${at}.${name} was removed`]
  })
  const required = without(now.required, before.required).map(
    (name) => `${at}.${name} became required`,
  )
  const values = now.enum
    ? without(before.enum, now.enum).map(
        (value) => `${at} may no longer be ${JSON.stringify(value)}`,
      )
    : []
  const items = before.items && now.items ? refuses(before.items, now.items, `${at}[]`) : []
  return [...properties, ...required, ...values, ...items]
}

function without<T>(these: readonly T[] = [], those: readonly T[] = []): T[] {
  return these.filter((one) => !those.includes(one))
}
