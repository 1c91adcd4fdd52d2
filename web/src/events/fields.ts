/** The part of a JSON Schema that events are made of. */
export type Schema = {
  type?: string
  format?: string
  enum?: unknown[]
  const?: unknown
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
}

type Field = { path: string; type: string; required: boolean }

/** All fields of a schema, those inside of others too, by their path: `lines[].sku`. */
export function fieldsOf(schema: Schema, at = ''): Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = at ? `${at}.${name}` : name
    const required = schema.required?.includes(name) ?? false
    const below = field.items ? fieldsOf(field.items, `${path}[]`) : fieldsOf(field, path)
    return [{ path, type: typeOf(field), required }, ...below]
  })
}

function typeOf({ type, format, enum: values, const: value, items }: Schema): string {
  if (value !== undefined) return JSON.stringify(value)
  if (values) return values.map((one) => JSON.stringify(one)).join(' | ')
  if (items) return `list of ${typeOf(items)}`
  return format ?? type ?? 'anything'
}
