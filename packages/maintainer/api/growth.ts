/** The subset of JSON Schema used by the contracts. */
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
 * Returns the incompatibilities of `now` with messages and readers of `before`: a removed field, a changed type, a
 * field that became required (messages under way lack the field) or optional (readers rely on the field), a value
 * unknown to readers.
 */
export function breaks(before: Schema, now: Schema, at = 'data'): string[] {
  if (isUnion(before) || isUnion(now)) return unknownAlternatives(before, now, at)
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
  const values = [...without(valuesOf(now), valuesOf(before))].map(
    (value) => `${at} may now be ${JSON.stringify(value)}`,
  )
  const items = before.items && now.items ? breaks(before.items, now.items, `${at}[]`) : []
  return [...properties, ...required, ...optional, ...values, ...items]
}

/** Returns the reasons why `now` rejects messages valid under `before`: the comparison in the other direction. */
export function refuses(before: Schema, now: Schema, at = 'body'): string[] {
  if (isUnion(before) || isUnion(now)) return refusedAlternatives(before, now, at)
  if (before.type !== now.type) return [`${at}: ${before.type} became ${now.type}`]
  const properties = Object.entries(before.properties ?? {}).flatMap(([name, schema]) => {
    const current = now.properties?.[name]
    return current ? refuses(schema, current, `${at}.${name}`) : [`${at}.${name} was removed`]
  })
  const required = without(now.required, before.required).map(
    (name) => `${at}.${name} became required`,
  )
  const values = valuesOf(now)
    ? without(valuesOf(before), valuesOf(now)).map(
        (value) => `${at} may no longer be ${JSON.stringify(value)}`,
      )
    : []
  const items = before.items && now.items ? refuses(before.items, now.items, `${at}[]`) : []
  return [...properties, ...required, ...values, ...items]
}

const valuesOf = (schema: Schema): unknown[] | undefined =>
  'const' in schema ? [schema.const] : schema.enum

/** An object with fields of its own beside `anyOf` is no union: the alternatives say which fields belong together. */
const isUnion = ({ anyOf, oneOf, properties }: Schema): boolean =>
  (anyOf ?? oneOf) !== undefined && properties === undefined

/** Returns the alternatives of a schema, nested unions included; a schema without a union is its only alternative. */
const alternatives = (schema: Schema): Schema[] => {
  const union = schema.anyOf ?? schema.oneOf ?? []
  return isUnion(schema) ? union.flatMap(alternatives) : [schema]
}

/** Returns a finding for each alternative of `now` unknown to a reader of every alternative of `before`. */
const unknownAlternatives = (before: Schema, now: Schema, at: string): string[] =>
  alternatives(now).flatMap((one) =>
    closest(one, alternatives(before), (known) => breaks(known, one, at)),
  )

/** Returns a finding for each alternative of `before` that no alternative of `now` accepts. */
const refusedAlternatives = (before: Schema, now: Schema, at: string): string[] =>
  alternatives(before).flatMap((one) =>
    closest(one, alternatives(now), (accepted) => refuses(one, accepted, at)),
  )

/**
 * Returns the findings of the best-fitting candidate: none if one fits, else those of a candidate of the same kind
 * first.
 */
function closest(
  one: Schema,
  candidates: readonly Schema[],
  compare: (candidate: Schema) => string[],
): string[] {
  const ranked = candidates.map((candidate) => ({
    findings: compare(candidate),
    isOther: isOtherKind(one, candidate),
  }))
  const [best] = ranked.toSorted(
    (left, right) =>
      Number(left.findings.length > 0) - Number(right.findings.length > 0) ||
      Number(left.isOther) - Number(right.isOther) ||
      left.findings.length - right.findings.length,
  )
  return best?.findings ?? []
}

/** Returns true when a field's values in the two schemas never overlap, as with the tag of a union. */
const isOtherKind = (one: Schema, other: Schema): boolean =>
  Object.entries(one.properties ?? {}).some(([name, schema]) => {
    const [these, those] = [valuesOf(schema), valuesOf(other.properties?.[name] ?? {})]
    return these && those && !these.some((value) => those.includes(value))
  })

function without<T>(these: readonly T[] = [], those: readonly T[] = []): T[] {
  return these.filter((one) => !those.includes(one))
}
