import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../../install/testing.ts'
import { ensureAppTokens } from '../environment.ts'
import { projectAt } from '../project.ts'
import { ensureIdentities, identityFile, retireIdentityKeys, tokenLifeMs } from './identities.ts'

const place = async () => projectAt(undefined, { home: join(await temporaryFolder(), 'home') })
type Place = Awaited<ReturnType<typeof place>>

const tokenOf = (project: Place, app: string) => readFileSync(identityFile(project, app), 'utf8')
const publicKeys = (project: Place) =>
  JSON.parse(
    readFileSync(join(project.certificates, 'identity-keys.json'), 'utf8'),
  ) as JSONWebKeySet
const verified = (project: Place, token: string) =>
  jwtVerify(token, createLocalJWKSet(publicKeys(project)), {
    audience: 'spiffe://localhost/ns/default/dapr-sentry',
  })

it('each app has a token of its own, for sentry alone, which ends', async () => {
  const project = await place()
  await ensureIdentities(project, ['orders', 'carts', 'dapr-scheduler'])
  const subjects = await Promise.all(
    ['orders', 'carts', 'dapr-scheduler'].map(async (app) => {
      const { payload } = await verified(project, tokenOf(project, app))
      expect((payload.exp ?? 0) * 1000).toBeLessThanOrEqual(Date.now() + tokenLifeMs)
      return payload.sub
    }),
  )
  expect(subjects).toEqual([
    'spiffe://public/ns/default/orders',
    'spiffe://public/ns/default/carts',
    'spiffe://localhost/ns/default/dapr-scheduler',
  ])
})

it.each(['000', '022', '077'])(
  'nobody else reads a token or a key, with umask %s',
  async (mask) => {
    const before = process.umask(Number.parseInt(mask, 8))
    try {
      const project = await place()
      await ensureIdentities(project, ['orders'])
      ensureAppTokens(project, 'orders')
      const mode = (path: string) => (statSync(path).mode & 0o777).toString(8)
      for (const file of ['apps/orders/identity.jwt', 'apps/orders/env', 'identities/keys.json'])
        expect(mode(join(project.home, file)), file).toBe('600')
      for (const folder of ['apps', 'apps/orders', 'identities', 'certs'])
        expect(mode(join(project.home, folder)), folder).toBe('700')
    } finally {
      process.umask(before)
    }
  },
)

it('a token is renewed when half of its life is over, and not before', async () => {
  const project = await place()
  const start = Date.now()
  await ensureIdentities(project, ['orders'], { now: start })
  const first = tokenOf(project, 'orders')
  await ensureIdentities(project, ['orders'], { now: start + tokenLifeMs / 2 - 60_000 })
  expect(tokenOf(project, 'orders')).toBe(first)
  await ensureIdentities(project, ['orders'], { now: start + tokenLifeMs / 2 + 60_000 })
  expect(tokenOf(project, 'orders')).not.toBe(first)
})

it('a token of another app in the place of an own one is replaced', async () => {
  const project = await place()
  await ensureIdentities(project, ['orders', 'carts'])
  writeFileSync(identityFile(project, 'orders'), tokenOf(project, 'carts'))
  await ensureIdentities(project, ['orders'])
  const { payload } = await verified(project, tokenOf(project, 'orders'))
  expect(payload.sub).toBe('spiffe://public/ns/default/orders')
})

it('after a rotation both keys are good, after retiring the new one alone', async () => {
  const project = await place()
  await ensureIdentities(project, ['orders'])
  const old = tokenOf(project, 'orders')
  await ensureIdentities(project, ['orders'], { rotate: true })
  await verified(project, old)
  await verified(project, tokenOf(project, 'orders'))
  retireIdentityKeys(project)
  await expect(verified(project, old)).rejects.toThrow()
  await verified(project, tokenOf(project, 'orders'))
  expect(JSON.stringify(publicKeys(project))).not.toContain('"d"')
})
