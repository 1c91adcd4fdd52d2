import { z } from '@hono/zod-openapi'
import { Problem } from './problem.ts'

/** Building blocks for a service's `contract.ts`. */
export { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
export { defineEvent } from './event.ts'
export { Money, PositiveMoney } from './money.ts'

/** A JSON response, for `responses` of `createRoute`. */
export const json = <S extends z.ZodType>(schema: S, description = 'OK') => ({
  content: { 'application/json': { schema } },
  description,
})

/** A required JSON body, for `request.body` of `createRoute`. */
export const body = <S extends z.ZodType>(schema: S) => ({
  content: { 'application/json': { schema } },
  required: true as const,
})

/** A response without a body, for `responses` of `createRoute`. */
export const empty = (description: string) => ({ description })

/**
 * A refusal of a well-formed request, for `responses` of `createRoute`: a status that a client must expect for a reason
 * that no schema of the request states.
 *
 * @example responses: { 200: json(Cart), 412: refusal('The cart has changed since it was read') }
 */
export const refusal = (description: string) => ({
  content: { 'application/problem+json': { schema: Problem } },
  description,
})

/** A query parameter with a whole number, up to nine digits. */
export const wholeNumber = ({
  min,
  max,
  ...documented
}: {
  min: number
  max: number
  description?: string
  default?: number
}) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'a whole number')
    .transform(Number)
    .pipe(z.int().min(min).max(max))
    .openapi({ type: 'integer', minimum: min, maximum: max, ...documented })

/**
 * Operations that take what a response holds, for `links` of a response.
 *
 * @example links: linksTo({ orderId: '$response.body#/orderId' }, { order: 'get /orders/{orderId}' })
 */
export const linksTo = (
  parameters: Record<string, string>,
  operations: Record<string, `${string} /${string}`>,
) =>
  Object.fromEntries(
    Object.entries(operations).map(([name, operation]) => {
      const [method, path = ''] = operation.split(' ')
      const operationRef = `#/paths/${path.replaceAll('/', '~1')}/${method}`
      return [name, { operationRef, parameters }]
    }),
  )
