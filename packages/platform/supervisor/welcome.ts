import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { inboxPort, shopPort } from '../config/ports.ts'
import type { Project } from '../config/project.ts'
import { readSecrets } from '../config/secrets.ts'
import { traceViewer } from '../config/tracing.ts'
import { paint } from '../process/terminal.ts'

export const gateway = `http://127.0.0.1:${shopPort}`

/** Returns the text for a newcomer: addresses, accounts and first commands. */
export function welcome(
  project: Project,
  howToStop: string,
  { demo, observed }: { demo: boolean; observed: boolean },
): string {
  const traces = observed ? `  traces        ${traceViewer}\n` : ''
  if (!existsSync(join(project.root, 'web')))
    return `
${paint('bold', 'Everything runs.')}

  API           ${gateway}/
  API docs      ${gateway}/docs
${traces}
${howToStop}
`
  return `
${paint('bold', 'The shop is open.')}

${addresses}${traces}
${
  demo
    ? accounts(project)
    : `\
No demo accounts were added. Customers register in the shop; operators are invited:

  ./sidecart operators invite you@example.com`
}

${howToStop}
`
}

/** The addresses of a shop on this machine. */
export const addresses = `\
  shop          ${gateway}/
  operations    ${gateway}/ops
  API docs      ${gateway}/docs
  mail inbox    http://127.0.0.1:${inboxPort}
`

/** Returns the demo accounts with their passwords, and a command that places an order. */
export function accounts(project: Project): string {
  const secrets = readSecrets(project)
  return `\
  demo@sidecart.example       ${secrets['demo-password']}    customer
  operator@sidecart.example   ${secrets['operator-password']}    operator

Place an order:

${orderLine(secrets['demo-password'] ?? '')}`
}

/** Returns a shell command that signs in, stores the token, and places an order. */
export function orderLine(password: string): string {
  const json = (value: unknown) => `'${JSON.stringify(value)}'`
  const login = json({ email: 'demo@sidecart.example', password })
  const shipTo = {
    name: 'Demo Customer',
    street: 'Harbour Road 1',
    city: 'Hamburg',
    postalCode: '20457',
    country: 'DE',
  }
  const body = json({
    lines: [{ sku: 'MUG-ENAMEL-BLUE', quantity: 1 }],
    shipTo,
    card: 'card_approved',
  })
  const type = `-H 'content-type: application/json'`
  const token = `$(curl -s ${gateway}/sessions ${type} -d ${login} | sed 's/.*"accessToken":"\\([^"]*\\)".*/\\1/')`
  return `curl -i ${gateway}/orders ${type} -H "idempotency-key: $(date +%s)-$RANDOM" -H "authorization: Bearer ${token}" -d ${body}`
}
