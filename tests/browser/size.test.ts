import { expect, it } from 'vitest'
import { useBrowser } from './visitor.ts'

const { visitor } = useBrowser()
const limit = 120 * 1024

it('the scripts and styles of the first page are at most 120 KB as they are sent', async () => {
  const page = await visitor()
  const sizes: Promise<number>[] = []
  page.on('response', (answer) => {
    if (new URL(answer.url()).pathname.startsWith('/assets/'))
      sizes.push(
        answer
          .request()
          .sizes()
          .then(({ responseBodySize }) => responseBodySize),
      )
  })
  await page.goto('/', { waitUntil: 'networkidle' })
  const sum = (await Promise.all(sizes)).reduce((total, size) => total + size, 0)
  console.log(`first page: ${(sum / 1024).toFixed(1)} KB of scripts and styles`)
  expect(sum).toBeGreaterThan(limit / 4)
  expect(sum).toBeLessThanOrEqual(limit)
})
