/** The subset of JSON Schema used by events. */
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

/** Returns all fields of a schema, including nested ones, by path: `lines[].sku`. */
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
