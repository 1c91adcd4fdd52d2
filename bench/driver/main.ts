// The load driver runs in a separate process: its CPU is not counted, and no other work delays the
// driver.
import { openHttpClient } from '@sidecart/client/http-client.ts'
import { setStage } from '@sidecart/verify/chaos/fixtures.ts'
import { createRecorder } from '@sidecart/verify/invariants/client-journal.ts'
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
  shopping = createShopping({ gateway, stage, record })
  return { done: true }
}

process.on('message', (told: Told) => {
  obey(told).then(answer, (error: Error) => answer({ fault: error.stack ?? error.message }))
})
process.on('disconnect', () => process.exit(0))

function answer(message: Answer): void {
  process.send?.(message)
}
