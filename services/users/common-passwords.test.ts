import { expect, test } from 'vitest'
import { isCommonPassword } from './common-passwords.ts'

test.each([
  '1234567890',
  'qwertyuiop',
  'password123',
  'Password1234!',
  'PASSWORD12',
  'sunshine2024',
  'aaaaaaaaaaaa',
  'abcabcabcabc',
  'ada@example.com',
  ' password123 ',
  'sidecart2026',
  'Sidecart-Shop!',
  '2026:operator:demo',
  'dapr.sidecar.admin',
])('%s is common', (password) => {
  expect(isCommonPassword(password, 'ada@example.com')).toBe(true)
})

test.each([
  'correct horse battery',
  'p4ssw0rd of my own',
  'Zw7-fQ2mLr9x',
  '9b2f4c1e-77aa',
  'a cart beside a shop',
  '8305 1177 2946',
])('%s is not', (password) => {
  expect(isCommonPassword(password, 'ada@example.com')).toBe(false)
})
