import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { launch } from '../browser/chromium.ts'
import { confirmedCustomer, orderOf, placed, reaches, root } from '../system/client.ts'
import openShop from './shop.ts'
import { traceWith, zipkin } from './trace.ts'

/* `npm run screenshots:traces`: takes a picture of the trace of one order in the viewer, for the documentation. */
const images = join(root, 'docs/images/observability')

const closeShop = await openShop()
const browser = await launch()
try {
  const ada = await confirmedCustomer()
  // the first order of a shop also opens connections
  await reaches(ada, await placed(ada, orderOf('MUG-ENAMEL-BLUE')), ['confirmed'])
  const orderId = await placed(ada, orderOf('MUG-ENAMEL-BLUE', 1, 'card_retry'))
  await reaches(ada, orderId, ['confirmed'])
  const { body } = await ada.ask('GET', `/orders/${orderId}/history`)
  const [first] = body.history as { traceId: string }[]
  const traceId = first?.traceId ?? ''
  await traceWith(traceId, ['CONSUMER notifications: process orders-confirmed-v1'])
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
  await page.goto(`${zipkin}/zipkin/traces/${traceId}`)
  await page
    .getByText(/gateway/i)
    .first()
    .waitFor()
  await page.waitForLoadState('networkidle')
  mkdirSync(images, { recursive: true })
  await page.screenshot({ path: join(images, 'trace.png') })
  console.log(join(images, 'trace.png'))
} finally {
  await browser.close()
  await closeShop()
}
