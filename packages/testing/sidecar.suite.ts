import { randomUUID } from 'node:crypto'
import { Fault, Refusal } from '@sidecart/chassis/core/errors.ts'
import type { Sidecar } from '@sidecart/chassis/sidecar/sidecar.ts'
import { describe, expect, it } from 'vitest'
import { until } from './until.ts'

/** Input of the suite for one adapter of `Sidecar`. */
export type SidecarUnderTest = {
  /** May use the state store. */
  state: Sidecar['state']
  /** May call `reachable`, and not `denied`. */
  invoke: Sidecar['invoke']
  /** GET paths of a callee: `found` returns 200 with a JSON body, `missing` returns 404. */
  reachable: { app: string; found: string; missing: string }
  /** May read `known.name` (value `known.value`), and no secret called `nonsense`. */
  secret: Sidecar['secret']
  known: { name: string; value: string }
}

/** Guarantees of every adapter of `Sidecar`. */
export function sidecarSuite(name: string, open: () => Promise<SidecarUnderTest>): void {
  const changed = expect.objectContaining({ code: 'etag-mismatch' })
  const key = () => `suite ${randomUUID()}`

  describe(`${name} keeps state`, () => {
    it('that is not there as undefined', async () => {
      const { state } = await open()
      expect(await state.get(key())).toBeUndefined()
    })

    it('with an ETag that changes with every save', async () => {
      const { state } = await open()
      const one = key()
      await state.save(one, { n: 1 })
      const first = await state.get(one)
      await state.save(one, { n: 2 })
      const second = await state.get(one)
      expect([first?.value, second?.value]).toEqual([{ n: 1 }, { n: 2 }])
      expect(first?.etag).not.toBe(second?.etag)
    })

    it('under keys with odd characters', async () => {
      const { state } = await open()
      const odd = `${key()} ü/ß?&#%20 "quoted"`
      await state.save(odd, { odd: true })
      expect((await state.get(odd))?.value).toEqual({ odd: true })
      expect(await state.get(odd.replace('%20', ' '))).toBeUndefined()
    })

    it('and refuses to save or delete what has changed', async () => {
      const { state } = await open()
      const one = key()
      await state.save(one, { n: 1 }, { etag: null })
      const stale = (await state.get(one))?.etag ?? ''
      await state.save(one, { n: 2 }, { etag: stale })
      await expect(state.save(one, { n: 3 }, { etag: stale })).rejects.toEqual(changed)
      await expect(state.save(one, { n: 3 }, { etag: null })).rejects.toEqual(changed)
      await expect(state.delete(one, stale)).rejects.toEqual(changed)
      expect((await state.get(one))?.value).toEqual({ n: 2 })
    })

    it('for one of many who write at the same time', async () => {
      const { state } = await open()
      const one = key()
      const first = await Promise.allSettled(
        [1, 2, 3, 4].map((n) => state.save(one, { n }, { etag: null })),
      )
      expect(first.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      const etag = (await state.get(one))?.etag ?? ''
      const next = await Promise.allSettled(
        [5, 6, 7, 8].map((n) => state.save(one, { n }, { etag })),
      )
      expect(next.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      for (const result of [...first, ...next])
        if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(Refusal)
    })

    it('no longer than its time to live', async () => {
      const { state } = await open()
      const one = key()
      await state.save(one, { brief: true }, { ttlSeconds: 1 })
      expect((await state.get(one))?.value).toEqual({ brief: true })
      await until('the entry has expired', async () => (await state.get(one)) === undefined)
    })

    it('until it is deleted', async () => {
      const { state } = await open()
      const one = key()
      await state.save(one, { n: 1 })
      await state.delete(one, (await state.get(one))?.etag)
      expect(await state.get(one)).toBeUndefined()
    })
  })

  describe(`${name} invokes`, () => {
    it('and answers what the callee answered, errors included', async () => {
      const { invoke, reachable } = await open()
      const found = await invoke({ app: reachable.app, method: 'GET', path: reachable.found })
      expect(found.status).toBe(200)
      expect(JSON.parse(new TextDecoder().decode(found.body))).toBeTypeOf('object')
      expect(
        (await invoke({ app: reachable.app, method: 'GET', path: reachable.missing })).status,
      ).toBe(404)
    })

    it.each(['/a%3Fb', '/%252e%252e/metrics', '/a/../b', '/a%00'])(
      'and refuses at once a path that would not arrive as it is: %s',
      async (path) => {
        const { invoke, reachable } = await open()
        const call = invoke({ app: reachable.app, method: 'GET', path })
        await expect(call).rejects.toMatchObject({ name: 'Refusal', code: 'invalid-request' })
      },
    )

    it('and throws a fault when nobody is there', async () => {
      const { invoke } = await open()
      await expect(invoke({ app: 'nobody', method: 'GET', path: '/' })).rejects.toBeInstanceOf(
        Fault,
      )
    })
  })

  describe(`${name} reads secrets`, () => {
    it('that the service may have, and throws a fault for any other', async () => {
      const { secret, known } = await open()
      expect(await secret(known.name)).toBe(known.value)
      await expect(secret('nonsense')).rejects.toBeInstanceOf(Fault)
    })
  })
}
