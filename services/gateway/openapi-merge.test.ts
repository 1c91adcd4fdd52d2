import type { OpenApiDocument } from '@sidecart/chassis/http/app.ts'
import { expect, test } from 'vitest'
import { methodsOf } from './openapi-merge.ts'

const document = {
  paths: {
    '/things/mine/parts': { get: {} },
    '/things/{thing}/parts': { delete: {}, post: {} },
    '/things/{thing}/{part}': { patch: {} },
  },
} as unknown as OpenApiDocument

test.each([
  ['/things/mine/parts', ['GET']],
  ['/things/yours/parts', ['DELETE', 'POST']],
  ['/things/yours/wheels', ['PATCH']],
  ['/things', []],
])('the methods of %s are those of its most exact template', (path, methods) => {
  expect(methodsOf(document, path)).toEqual(methods)
})
