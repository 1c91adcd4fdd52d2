import { euro } from '@sidecart/chassis/contract/money.ts'
import { CancelReason } from '@sidecart/orders/contract.ts'
import { expect, test } from 'vitest'
import { MailKind } from './contract.ts'
import type { News } from './domain.ts'
import { orderNumber, write } from './templates.ts'

const orderId = '019a0c6e-5b7e-7c31-9d2a-3f1f0a6b7c11'
const userId = '019a0c6e-5b7e-7c31-9d2a-000000000001'
const head = { orderId, customerId: userId, version: 2 }
const payment = { ...head, paymentId: '019a0c6e-5b7e-7c31-9d2a-000000000002', amount: euro(1490) }
const preferences = { orderUpdates: true, paymentUpdates: true, marketing: false }

const contact = { userId, email: 'a@b.example', name: 'Ada', preferences, version: 1 }

const all: News[] = [
  {
    kind: 'confirm-email',
    event: {
      ...contact,
      confirmed: false,
      confirmation: { confirmationId: orderId, email: 'a@b.example' },
    },
  },
  { kind: 'welcome', event: contact },
  { kind: 'email-changed', event: { ...contact, formerEmail: 'former@b.example' } },
  { kind: 'password-changed', event: { ...contact, passwordChanged: true } },
  { kind: 'password-reset', event: { ...contact, passwordReset: { resetId: orderId } } },
  { kind: 'second-factor-changed', event: { ...contact, secondFactor: 'on' } },
  { kind: 'placed', event: { ...head, lines: [{ sku: 'MUG', quantity: 2 }] } },
  {
    kind: 'confirmed',
    event: {
      ...head,
      lines: [
        { sku: 'MUG', name: 'Mug <big> & "blue"', quantity: 3, unitPrice: euro(1250) },
        { sku: 'TEA', name: 'Tea', quantity: 1, unitPrice: euro(99_950) },
      ],
      total: euro(103_700),
    },
  },
  { kind: 'cancelled', event: { ...head, reason: 'out-of-stock' } },
  { kind: 'shipped', event: head },
  { kind: 'delivered', event: head },
  { kind: 'refunded', event: { ...head, amount: euro(1490) } },
  { kind: 'payment-charged', event: payment },
  { kind: 'payment-declined', event: { ...payment, code: 'insufficient-funds' } },
  { kind: 'payment-refunded', event: payment },
]
const letter = (kind: MailKind, name = 'Ada') => {
  const news = all.find((one) => one.kind === kind)
  if (!news) throw new Error(kind)
  return write(news, name, 'https://shop.example')
}

const confirmation = (issued: Parameters<typeof write>[3]) => {
  const [news] = all
  if (news?.kind !== 'confirm-email') throw new Error('it is the first')
  return write(news, 'Ada', 'https://shop.example', issued)
}

test('there is a mail of every kind, with a subject on one line, and the order it speaks of', () => {
  expect(all.map(({ kind }) => kind)).toEqual(MailKind.options)
  for (const news of all) {
    const { subject, text, html } = write(news, 'Ada', 'https://shop.example')
    expect(subject).toMatch(/^[^\r\n]{8,78}$/)
    for (const body of [text, html]) {
      expect(body).toContain('https://shop.example')
      const isAboutOrder = 'orderId' in news.event
      expect(body).toContain(isAboutOrder ? 'Hello Ada,' : 'Hello,')
      if (isAboutOrder) expect(body).toContain(orderId)
      expect(body).not.toMatch(/undefined|null|NaN|\[object/)
    }
  }
})

test('mails of one order and different kinds have different subjects', () => {
  const subjects = all.map((news) => write(news, 'Ada', '').subject)
  expect(new Set(subjects).size).toBe(all.length)
})

test('a confirmation lists what was bought, with amounts as people write them', () => {
  const { subject, text } = letter('confirmed')
  expect(subject).toBe('Your order 0A6B7C11 is confirmed')
  expect(text).toContain('3 × Mug <big> & "blue": €37.50')
  expect(text).toContain('1 × Tea: €999.50')
  expect(text).toContain('Total: €1,037.00')
})

test('what customers and catalogues wrote cannot become markup', () => {
  const { html } = letter('confirmed', '<script>alert(1)</script>')
  expect(html).not.toContain('<script>')
  expect(html).not.toContain('<big>')
  expect(html).toContain('Mug &lt;big&gt; &amp; &quot;blue&quot;')
})

test.each([
  'You won! Claim at http://evil.example',
  'Claim at www.evil.example',
  'evil.example',
  'Your money waits: evil dot example',
  'ask eve@evil.example',
  'Ada\r\nBcc: all@example.com',
  '<a href="https://evil.example">Ada</a>',
  'x'.repeat(80),
])('no mail carries a message that somebody chose as a name: %s', (name) => {
  for (const news of all) {
    const { subject, text, html } = write(news, name, 'https://shop.example')
    for (const part of [subject, text, html]) expect(part).not.toMatch(/evil|won|Bcc|xxx/i)
    expect(text).toContain('Hello,')
  }
})

test.each([
  'Ada Lovelace',
  'J.R.R. Tolkien',
  'Dr. Ada O’Brien-Smith',
  'José Ñandú',
  '李小龍',
  'मीरा',
])('mails about orders greet %s by name', (name) => {
  expect(letter('placed', name).text).toContain(`Hello ${name},`)
  expect(letter('welcome', name).text).not.toContain(name)
})

test('a cancellation says why in words, whatever the reason, and that nothing is to be paid', () => {
  const texts = CancelReason.options.map(
    (reason) => write({ kind: 'cancelled', event: { ...head, reason } }, 'Ada', '').text,
  )
  expect(new Set(texts).size).toBe(CancelReason.options.length)
  for (const [index, reason] of CancelReason.options.entries()) {
    expect(texts[index]).not.toContain(reason)
    expect(texts[index]).toContain('You pay nothing')
  }
})

test('the mail that confirms an address has its link in both forms, and no name', () => {
  const { subject, text, html } = confirmation({ token: 'a-token_1' })
  expect(subject).toBe('Confirm your e-mail address')
  expect(text).toContain('Confirm the address: https://shop.example/confirm#a-token_1')
  expect(html).toContain('href="https://shop.example/confirm#a-token_1"')
  expect(text + html).not.toContain('Ada')
  expect(html).not.toContain('because you have an account')
})

test('an address that has an account gets a mail without a link', () => {
  const { subject, text, html } = confirmation('known')
  expect(subject).toBe('You have an account already')
  expect(text + html).not.toMatch(/confirm#|Ada/)
})

test('the mail that resets a password has its link in both forms, and no name', () => {
  const news: News = {
    kind: 'password-reset',
    event: { ...contact, passwordReset: { resetId: orderId } },
  }
  const { subject, text, html } = write(news, 'Ada', 'https://shop.example', { token: 'a-token_1' })
  expect(subject).toBe('Set another password')
  expect(text).toContain('Set another password: https://shop.example/reset-password#a-token_1')
  expect(html).toContain('href="https://shop.example/reset-password#a-token_1"')
  expect(text + html).not.toContain('Ada')
})

test('a refund says how much', () => {
  expect(letter('refunded').text).toContain('€14.90')
})

test('the order number is the end of its id', () => {
  expect(orderNumber(orderId)).toBe('0A6B7C11')
})
