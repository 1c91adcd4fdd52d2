import { openApi } from '@sidecart/maintainer/api/documents.ts'
import { describe, expect, it } from 'vitest'
import { foldersIn, read } from '../architecture/tree.ts'

type Schema = {
  $ref?: string
  allOf?: Schema[]
  properties?: Record<string, Schema>
  additionalProperties?: unknown
}
type Link = { operationRef: string; parameters: Record<string, string> }
type Response = { links?: Record<string, Link> }

const document = openApi()
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
)

const named = ({ $ref }: Schema): Schema =>
  document.components?.schemas?.[$ref?.split('/').at(-1) ?? ''] as Schema

/** Returns every schema below a part of the document. */
function schemasIn(part: unknown): Schema[] {
  if (typeof part !== 'object' || part === null) return []
  return [part as Schema, ...Object.values(part).flatMap(schemasIn)]
}

describe('the API document', () => {
  it('joins no schemas of which one takes no fields but its own, and another has others', () => {
    const fieldsOf = ({ properties = {} }: Schema) => Object.keys(properties)
    const impossible = schemasIn(document).filter(({ allOf = [] }) => {
      const parts = allOf.map((part) => (part.$ref ? named(part) : part))
      const closed = parts.filter(({ additionalProperties }) => additionalProperties === false)
      const fields = parts.flatMap(fieldsOf)
      return closed.some((part) => fields.some((field) => !fieldsOf(part).includes(field)))
    })
    expect(impossible).toEqual([])
  })

  /** Refusals of operations that only services call. */
  const internal = [
    ...['reservation-differs', 'not-reserved', 'charge-mismatch', 'refund-mismatch'],
    'already-operator',
  ]
  const refusals = foldersIn('services').flatMap((service) => {
    const table = /const problems = \{(.+?)\n\} satisfies/s.exec(read(`services/${service}/app.ts`))
    const entries = table?.[1]?.matchAll(/^ {2}'?([a-z-]+)'?: \{\s*status: (\d+)/gm) ?? []
    return [...entries].map(([, code = '', status = '']) => ({ code, status }))
  })

  it.each(refusals.filter(({ code }) => !internal.includes(code)))(
    'names the refusal $code where it is given, with status $status',
    ({ code, status }) => {
      const described = operations.flatMap(({ operation }) =>
        Object.entries(operation.responses as Record<string, { description: string }>)
          .filter(([, { description }]) => description.includes(`\`${code}\``))
          .map(([documented]) => documented),
      )
      expect([...new Set(described)]).toEqual([status])
    },
  )

  it('has the refusals of every service', () => {
    expect(refusals.length).toBeGreaterThan(40)
  })

  const links = operations.flatMap(({ path, method, operation }) =>
    Object.values(operation.responses as Record<string, Response>).flatMap((response) =>
      Object.values(response.links ?? {}).map((link) => ({
        name: `${method} ${path} → ${link.operationRef}`,
        link,
      })),
    ),
  )

  it('links responses to the operations that take what they hold', () => {
    expect(links.length).toBeGreaterThan(30)
  })

  it.each(links)('links to what exists, with what it takes: $name', ({ link }) => {
    const [path = '', method = ''] = link.operationRef.replace('#/paths/', '').split('/')
    const target = document.paths[path.replaceAll('~1', '/')]?.[method] as
      | { parameters?: { name: string }[] }
      | undefined
    const names = (target?.parameters ?? []).map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(Object.keys(link.parameters)))
  })
})
