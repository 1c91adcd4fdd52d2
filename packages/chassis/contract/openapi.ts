import type { z } from '@hono/zod-openapi'

/** The parts a service's `contract.ts` is written with. */
export { createRoute, z } from '@hono/zod-openapi'
export { defineEvent } from './event.ts'
export { Money } from './money.ts'

/** A JSON answer, for `responses` of `createRoute`. */
export const json = <S extends z.ZodType>(schema: S, description = 'OK') => ({
  content: { 'application/json': { schema } },
  description,
})

/** A required JSON body, for `request.body` of `createRoute`. */
export const body = <S extends z.ZodType>(schema: S) => ({
  content: { 'application/json': { schema } },
  required: true as const,
})

/** An answer without a body, for `responses` of `createRoute`. */
export const empty = (description: string) => ({ description })
