import { formatMoney as intlMoney } from '@sidecart/chassis/contract/money.ts'
import { expect, it } from 'vitest'
import { euro, formatMoney } from './money.ts'

it.each([0, 5, 90, 100, 1490, 99_999, 100_000, 123_456_789, 1_000_000_000])(
  'writes %i cents as the shop’s mails do',
  (cents) => {
    expect(formatMoney(euro(cents))).toBe(intlMoney(euro(cents)))
  },
)
