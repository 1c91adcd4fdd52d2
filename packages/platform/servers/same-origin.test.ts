import { expect, it } from 'vitest'
import { isSameOrigin } from './same-origin.ts'

const ask = (headers: Record<string, string>, method = 'GET') =>
  isSameOrigin({ headers: { host: '127.0.0.1:8040', ...headers }, method }, ['mail'])

it.each<[string, Record<string, string>]>([
  ['a program', {}],
  ['a program that says localhost', { host: 'localhost:8040' }],
  ['a program on IPv6', { host: '[::1]:8040' }],
  ['a container', { host: 'mail:8040' }],
  ['the inbox itself', { origin: 'http://127.0.0.1:8040', 'sec-fetch-site': 'same-origin' }],
  ['the address bar', { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }],
  ['a link on a page of the shop', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'navigate' }],
])('%s is let in', (_, headers) => {
  expect(ask(headers)).toBe(true)
})

it.each<[string, Record<string, string>, string?]>([
  ['a page of another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
  ['a page of the shop itself', { origin: 'http://127.0.0.1:8080', 'sec-fetch-site': 'same-site' }],
  ['a page without an origin', { origin: 'null' }],
  ['an image on another page', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
  [
    'a form of another page',
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
    'POST',
  ],
  ['a name that somebody else resolves', { host: 'evil.example:8040' }],
  ['a name that begins like ours', { host: '127.0.0.1.evil.example:8040' }],
  ['a name that ends like ours', { host: 'evil.localhost:8040' }],
  ['the same page of another port', { origin: 'http://127.0.0.1:1' }],
  ['no host', { host: '' }],
])('%s is refused', (_, headers, method) => {
  expect(ask(headers, method)).toBe(false)
})
