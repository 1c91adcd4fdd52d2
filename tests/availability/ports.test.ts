import { expect, it } from 'vitest'
import { documentedPorts, listeners } from '../system/ports.ts'

it('two instances of everything listen on documented ports only, each on its documented address', () => {
  const documented = documentedPorts()
  const found = listeners()
  expect(found.length).toBeGreaterThan(60)
  expect(found.filter(({ port, address }) => documented.get(port) !== address)).toEqual([])
})
