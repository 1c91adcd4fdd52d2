import type { OpenApiDocument } from '@sidecart/chassis/http/app.ts'
import { testWithPart } from '@sidecart/testing/needs.ts'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { configuration, type KnownValues } from './configuration.ts'
import { ensureSchemathesis, type Findings, fuzz } from './schemathesis.ts'
import { knownValues, startFuzzedShop } from './shop.ts'

const { FUZZ_EXAMPLES = '100', FUZZ_SEED } = process.env
const test = await testWithPart(ensureSchemathesis)

describe('made-up requests to every operation of the API document', () => {
  let shop: Awaited<ReturnType<typeof startFuzzedShop>>
  let document: OpenApiDocument
  let known: KnownValues

  beforeAll(async () => {
    shop = await startFuzzedShop()
    document = (await (await fetch(`${shop.gateway}/openapi.json`)).json()) as OpenApiDocument
    known = await knownValues(shop)
  }, 400_000)
  afterAll(() => shop?.stop(), 60_000)

  const identities = [
    { as: 'anonymous', accountOf: () => undefined },
    { as: 'customer', accountOf: () => shop.demo },
    { as: 'operator', accountOf: () => shop.demoOperator },
  ]
  for (const { as, accountOf } of identities)
    test(`are answered as the document says, as ${as}`, async () => {
      const account = accountOf()
      const { failures, answers, summary } = await fuzz({
        gateway: shop.gateway,
        as,
        ...(account && { account }),
        configuration: configuration(document, known),
        examples: Number(FUZZ_EXAMPLES),
        ...(FUZZ_SEED && { seed: FUZZ_SEED }),
      })
      console.log(`${as}: ${JSON.stringify(figures(answers))}\n${summary}`)
      expect(failures).toBe('')
      expect(Object.keys(answers).length).toBe(operationsIn(document))
      expect(figures(answers).turnedAway).toBeLessThan(0.01)
    }, 3_600_000)
})

const operationsIn = ({ paths }: OpenApiDocument): number =>
  Object.values(paths).reduce((sum, methods) => sum + Object.keys(methods).length, 0)

/** Requests that were turned away by a limit show nothing about an operation. */
function figures(answers: Findings['answers']) {
  const counts = Object.values(answers).flatMap((statuses) => Object.entries(statuses))
  const sum = (pattern: RegExp) =>
    counts.reduce((total, [status, count]) => total + (pattern.test(status) ? count : 0), 0)
  const succeeded = Object.values(answers).filter((statuses) =>
    Object.keys(statuses).some((status) => /^[23]/.test(status)),
  )
  return {
    operations: Object.keys(answers).length,
    succeeded: succeeded.length,
    requests: sum(/./),
    accepted: sum(/^[23]/),
    refused: sum(/^4/),
    turnedAway: sum(/^(429|503)$/) / sum(/./),
  }
}
