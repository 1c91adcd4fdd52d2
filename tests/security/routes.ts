import { consumers, inner } from '@sidecart/platform/config/manifests.ts'

/** What the gateway answers to nobody, a customer about what is another's, its owner, and an operator, in this order. */
export type Row = {
  answers: readonly [anonymous: number, stranger: number, owner: number, operator: number]
  body?: unknown
  headers?: Record<string, string>
}

type Answers = Row['answers']
type Access = Record<string, Answers | Row>

/*
 * Every public route and what it answers to whom: `access.ts` of each service, reviewed by hand. 400 means that the
 * caller may use the route and sent nothing that it takes. Where a path names an order, an address or a mail, it is the
 * owner's. Strangers get the 404 of a thing that does not exist. A route without a line fails the test. Later services
 * come first: those that they build on end sessions and orders.
 */
const accesses = await Promise.all(
  inner.toReversed().map(async ({ name }) => {
    const { access } = (await import(`../../services/${name}/access.ts`)) as { access: Access }
    return access
  }),
)
const rowOf = (row: Answers | Row): Row => ('answers' in row ? row : { answers: row })

export const table: Record<string, Row> = Object.fromEntries(
  accesses.flatMap((access) => Object.entries(access).map(([route, row]) => [route, rowOf(row)])),
)

/** The routes that no document of a service names. */
for (const service of consumers) {
  table[`GET /${service}/dead-letters`] = { answers: [401, 403, 403, 200] }
  table[`GET /${service}/dead-letters/{eventId}`] = { answers: [401, 403, 403, 404] }
  table[`POST /${service}/dead-letters/{eventId}/replay`] = { answers: [401, 403, 403, 404] }
  table[`POST /${service}/dead-letters/{eventId}/dismiss`] = { answers: [401, 403, 403, 404] }
}

/** The operator's console: what the gateway answers an operator where the shop is supervised. It is for nobody else. */
export const operations: Record<string, { operator: number; body?: unknown }> = {
  'GET /operations/map': { operator: 200 },
  'GET /operations/components': { operator: 200 },
  'GET /operations/invariants': { operator: 200 },
  'POST /operations/invariants': { operator: 200 },
  'GET /operations/orders/{orderId}': { operator: 200 },
  'GET /operations/faults': { operator: 200 },
  'POST /operations/faults': { operator: 409, body: { does: 'kill', target: 'orders' } },
  'DELETE /operations/faults/{id}': { operator: 409 },
}

/** Under `dapr run` nobody supervises, which only an operator learns. */
for (const [route, { body }] of Object.entries(operations))
  table[route] = { answers: [401, 403, 403, 404], ...(body ? { body } : {}) }
