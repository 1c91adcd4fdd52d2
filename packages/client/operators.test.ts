import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { appAccess, invitationLink } from './operators.ts'

afterEach(() => void delete process.env.SIDECART_APPS_BY_NAME)

/** A checkout whose app `users` has a token. */
function started() {
  const home = mkdtempSync(join(tmpdir(), 'sidecart-operators-'))
  onTestFinished(() => rmSync(home, { recursive: true }))
  mkdirSync(join(home, 'apps/users'), { recursive: true })
  writeFileSync(join(home, 'apps/users/env'), "DAPR_API_TOKEN='one'\nAPP_API_TOKEN='other'\n")
  return projectAt(undefined, { home })
}

test('an app is asked on this machine, or by its name among containers, with its own token', () => {
  expect(appAccess(started(), 'users')).toEqual({ url: 'http://127.0.0.1:8081', token: 'other' })
  process.env.SIDECART_APPS_BY_NAME = '1'
  expect(appAccess(started(), 'users')).toEqual({ url: 'http://users:8081', token: 'other' })
})

test('a shop that was never started says how to start one', () => {
  expect(() => appAccess(started(), 'orders')).toThrow(/Start one: npm start/)
})

test('a link has the token in the fragment, whatever page the shop’s address names', () => {
  for (const shop of ['https://shop.example', 'https://shop.example/', 'https://shop.example/x?y'])
    expect(invitationLink(shop, 'T-_k')).toBe('https://shop.example/invitation#T-_k')
})
