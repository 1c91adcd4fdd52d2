// The load driver runs in a separate process: its CPU is not counted, and no other work delays the
// driver.
import { type HttpClient, openHttpClient } from '@sidecart/client/http-client.ts'
import { setStage } from '@sidecart/verify/chaos/fixtures.ts'
import { createRecorder } from '@sidecart/verify/invariants/client-journal.ts'
import { z } from 'zod'
import type { Answer, Told } from './protocol.ts'
import { createShopping } from './shopper.ts'

let shopping: ReturnType<typeof createShopping> | undefined

async function obey(told: Told): Promise<Answer> {
  if (told.do === 'leave') process.exit(0)
  if (told.do === 'drive') {
    if (!shopping) throw new Error('the stage is not set')
    return { driven: await shopping.drive(told) }
  }
  const gateway = openHttpClient(told.gateway)
  const record = createRecorder(told.record)
  const stage = await setStage(gateway, told.signingKeys, told.stage)
  for (const { customerId } of stage.customers) record({ is: 'customer', customerId })
  shopping = createShopping({
    gateway,
    stage,
    record,
    namesPurchases: await knowsPurchases(gateway),
  })
  return { done: true }
}

/**
 * Returns whether an order may carry a `cartId`: older revisions refuse members that they do not know. A gateway
 * without a document of its API has the services of this checkout behind it.
 */
async function knowsPurchases(gateway: HttpClient): Promise<boolean> {
  const { body } = await gateway.ask({ method: 'GET', path: '/openapi.json' })
  const { success, data } = OpenApi.safeParse(body)
  return !success || 'cartId' in data.components.schemas.PlaceOrder.properties
}

const OpenApi = z.object({
  components: z.object({
    schemas: z.object({
      PlaceOrder: z.object({ properties: z.record(z.string(), z.unknown()) }),
    }),
  }),
})

process.on('message', (told: Told) => {
  obey(told).then(answer, (error: Error) => answer({ fault: error.stack ?? error.message }))
})
process.on('disconnect', () => process.exit(0))

function answer(message: Answer): void {
  process.send?.(message)
}
