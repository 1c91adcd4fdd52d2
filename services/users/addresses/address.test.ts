import { OpenAPIHono } from '@sidecart/chassis/contract/openapi.ts'
import { describe, expect, test } from 'vitest'
import { comparable, countries, mustShipTo, PostalAddress, ShipsTo } from './address.ts'

const home = {
  name: 'Ada Lovelace',
  street: 'Harbour Road 1',
  postalCode: '20457',
  city: 'Hamburg',
  country: 'DE',
}
const taken = (fields: object) => PostalAddress.safeParse({ ...home, ...fields }).success

test('a country is one of the 249 of ISO 3166-1', () => {
  expect(new Set(countries).size).toBe(249)
  for (const country of ['XX', 'UK', 'EU', 'AN', 'de', 'D', 'DEU', ''])
    expect(taken({ country }), country).toBe(false)
})

describe('a postal code', () => {
  test.each([
    ['DE', '20457'],
    ['DE', 'D-20457'],
    ['SE', '113 49'],
    ['LV', 'LV-1050'],
    ['LU', 'L-1234'],
    ['NL', '1012 ab'],
    ['PT', '1000-205'],
    ['PL', '00-950'],
    ['GB', 'SW1Y 4JH'],
    ['IE', 'D02 AF30'],
    ['US', '94105-1420'],
    ['CA', 'K1A 0B1'],
    ['BR', '01310-100'],
    ['HK', ''],
    ['AE', ''],
    ['AE', '00000'],
    ['VA', '00120'],
  ])('of %s may be "%s"', (country, postalCode) => {
    expect(taken({ country, postalCode })).toBe(true)
  })

  test.each([
    ['DE', ''],
    ['DE', '   '],
    ['DE', '2045'],
    ['DE', '204577'],
    ['DE', 'ABCDE'],
    ['NL', '1012'],
    ['GB', ''],
    ['GB', '<script>'],
    ['US', '-'],
    ['FR', 'SW1Y 4JH'],
  ])('of %s may not be "%s"', (country, postalCode) => {
    const read = PostalAddress.safeParse({ ...home, country, postalCode })
    expect(read.error?.issues.map(({ path }) => path)).toEqual([['postalCode']])
  })

  test('may be left out only where there is none', () => {
    const { postalCode: _, ...without } = home
    expect(PostalAddress.safeParse(without).success).toBe(false)
    expect(PostalAddress.parse({ ...without, country: 'HK' })).toEqual({
      ...without,
      country: 'HK',
      postalCode: '',
    })
  })
})

describe('the countries that the shop ships to', () => {
  test('are a setting', () => {
    expect(ShipsTo.parse('DE, FR\n HK')).toEqual(['DE', 'FR', 'HK'])
    expect(ShipsTo.parse(undefined)).toContain('DE')
    for (const wrong of ['', ' ', 'DE XX', 'de'])
      expect(ShipsTo.safeParse(wrong).success, wrong).toBe(false)
  })

  test('are the only ones', () => {
    expect(() => mustShipTo(['DE'], 'DE')).not.toThrow()
    expect(() => mustShipTo(['DE'], 'AQ', 'shipTo.country')).toThrow(/shipTo\.country: we do not/)
  })
})

test('a document says of postal codes what is checked', () => {
  type Documented = {
    anyOf: { properties: { country: { enum: string[] }; postalCode?: { pattern: string } } }[]
  }
  const app = new OpenAPIHono()
  app.openAPIRegistry.register('Address', PostalAddress)
  const info = { openapi: '3.1.0', info: { title: '', version: '' } }
  const { schemas = {} } = app.getOpenAPI31Document(info).components ?? {}
  const { anyOf } = schemas.Address as unknown as Documented
  const codes = ['', '1', '101', '1010', 'A-1010', '20457', 'D-20457', 'ABC-20457', '204577']
  codes.push('1000-205', '1012 ab', 'K1A 0B1', 'VLT 1117', 'SW1Y 4JH', 'x', '-', '1ß', '１０１０')
  for (const country of countries)
    for (const postalCode of codes) {
      const isDocumented = anyOf.some(
        ({ properties: { country: these, postalCode: code } }) =>
          these.enum.includes(country) && new RegExp(code?.pattern ?? '', 'u').test(postalCode),
      )
      expect(taken({ country, postalCode }), `${country} ${postalCode}`).toBe(isDocumented)
    }
})

test('the same address, written differently, is the same', () => {
  const same = {
    name: ' ada  LOVELACE',
    street: 'Harbour Road, 1.',
    postalCode: 'D-20457'.slice(2).replace('20', '20 '),
    city: 'HAMBURG',
    country: 'DE',
  }
  expect(comparable(PostalAddress.parse(same))).toBe(comparable(home))
  for (const other of [{ street: 'Harbour Road 11' }, { name: 'Eve' }, { postalCode: '20458' }])
    expect(comparable({ ...home, ...other })).not.toBe(comparable(home))
})
