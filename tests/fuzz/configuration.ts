import type { OpenApiDocument } from '@sidecart/chassis/http/app.ts'

/** What a check lets pass although the document does not say so. */
type Allowed = { operation: string; check: string; statuses: readonly string[]; reason: string }

export const allowed: readonly Allowed[] = []

/** Values of the shop under test, by parameter or field. Without them, most requests end at an unknown id. */
export type KnownValues = Record<string, readonly string[]>

/** Statuses that Schemathesis expects of each operation: of everybody, whatever the id. */
const expected: Record<string, readonly string[]> = {
  positive_data_acceptance: ['2xx', '3xx', '401', '403', '404', '429'],
  negative_data_rejection: [
    ...['400', '401', '403', '404', '405', '406', '409', '415', '422', '428', '429'],
  ],
  missing_required_header: ['400', '401', '403', '406', '415', '422'],
}

/** Texts have the characters that patterns document. A slow generator is no finding. */
const general = `suppress-health-check = ["filter_too_much", "too_slow"]
[generation]
codec = "documented"
`

/**
 * Returns the configuration of Schemathesis for a document: a well-formed request may be refused with the statuses that
 * the document names for its operation, but for 400, and with those of the allow-list. Known values come in four of five
 * places that take them.
 */
export function configuration({ paths }: OpenApiDocument, known: KnownValues): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { responses }]) => ({
      name: `${method.toUpperCase()} ${path}`,
      refusals: Object.keys(responses).filter((status) => /^4/.test(status) && status !== '400'),
    })),
  )
  const sections = operations.map(({ name, refusals }) => sectionFor(name, refusals))
  return [general, dictionaries(known), ...sections].join('\n')
}

function dictionaries(known: KnownValues): string {
  const named = Object.entries(known).map(([place, values], index) => ({
    name: `known-${index}`,
    place: JSON.stringify(place),
    values: JSON.stringify(values),
  }))
  return [
    ...named.map(({ name, values }) => `[dictionaries.${name}]\nvalues = ${values}`),
    '[parameters]',
    ...named.map(({ name, place }) => `${place} = { dictionary = "${name}", probability = 0.8 }`),
    '',
  ].join('\n')
}

function sectionFor(name: string, refusals: readonly string[]): string {
  const lines = ['[[operations]]', `include-name = ${JSON.stringify(name)}`]
  for (const [check, usual] of Object.entries(expected)) {
    const documented = check === 'positive_data_acceptance' ? refusals : []
    const exceptions = allowed
      .filter((one) => one.operation === name && one.check === check)
      .flatMap(({ statuses }) => statuses)
    const statuses = [...new Set([...usual, ...documented, ...exceptions])]
    lines.push(`checks.${check}.expected-statuses = ${JSON.stringify(statuses)}`)
  }
  return `${lines.join('\n')}\n`
}
