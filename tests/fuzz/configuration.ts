import type { OpenApiDocument } from '@sidecart/chassis/http/app.ts'

/** What a check lets pass although the document does not say so. */
type Allowed = { operation: string; check: string; statuses: readonly string[]; reason: string }

export const allowed: readonly Allowed[] = []

/** Statuses that Schemathesis expects of each operation unless told otherwise. */
const expected: Record<string, readonly string[]> = {
  positive_data_acceptance: ['2xx', '3xx', '401', '403', '404', '409', '429', '5xx'],
  negative_data_rejection: [
    ...['400', '401', '403', '404', '405', '406', '409', '415', '422', '428', '429', '5xx'],
  ],
  missing_required_header: ['400', '401', '403', '406', '415', '422'],
}

/**
 * Returns the configuration of Schemathesis for a document: a well-formed request may be refused with the statuses that
 * the document names for its operation, but for 400, and with those of the allow-list.
 */
export function configuration({ paths }: OpenApiDocument): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { responses }]) => ({
      name: `${method.toUpperCase()} ${path}`,
      refusals: Object.keys(responses).filter((status) => /^4/.test(status) && status !== '400'),
    })),
  )
  const sections = operations.map(({ name, refusals }) => sectionFor(name, refusals))
  return ['[generation]', 'codec = "documented"', '', ...sections].join('\n')
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
