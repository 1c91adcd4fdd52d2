import { manifests } from '@sidecart/platform/config/manifests.ts'
import { expect, test } from 'vitest'
import { sidecart } from '../system/shop.ts'

type Doctor = { ok: boolean; checks: { name: string; ok: boolean; detail: string }[] }

test('of a shop that works doctor finds no fault, and every sidecar by its name', async () => {
  const { ok, checks } = JSON.parse(await sidecart('doctor', '--json')) as Doctor
  expect(checks.filter((check) => !check.ok)).toEqual([])
  expect(ok).toBe(true)
  expect(checks).toContainEqual({
    name: 'names',
    ok: true,
    detail: `${manifests.length} sidecars are found`,
  })
})

test('a process that was killed is found, with what to do', async () => {
  await sidecart('stop', 'payments')
  const { ok, checks } = JSON.parse(
    await sidecart('doctor', '--json').catch((error: { stdout: string }) => error.stdout),
  ) as Doctor
  await sidecart('start', 'payments')
  expect(ok).toBe(false)
  expect(checks).toContainEqual(
    expect.objectContaining({
      name: 'process payments',
      ok: false,
      advice: expect.stringContaining('./sidecart restart payments'),
    }),
  )
})
