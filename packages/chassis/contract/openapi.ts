import type { z } from '@hono/zod-openapi'

/** Building blocks for a service's `contract.ts`. */
export { createRoute, z } from '@hono/zod-openapi'
export { defineEvent } from './event.ts'
export { Money } from './money.ts'

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
