import { Fault } from '@sidecart/chassis/core/errors.ts'
import { expect, test } from 'vitest'
import { createMailGateway, deliveryOf } from './clients.ts'

const mail = { recipient: 'ada@customer.example', subject: 'Hello', html: '<p>Hello</p>' }
const from = 'Sidecart <shop@sidecart.example>'
const sidecar = 'sending to email failed: [internal] error invoking output binding email: '
const smtp = `${sidecar}error from smtp binding, sending email failed: `

/** Error texts of Dapr 1.18, one per kind of failure. */
const errors: [string, string, ReturnType<typeof deliveryOf>['outcome']][] = [
  [
    'the mail server is down',
    `${smtp}dial tcp 127.0.0.1:1040: connect: connection refused`,
    'not-sent',
  ],
  ['the mail server cannot be reached', `${smtp}dial tcp 10.0.0.1:25: i/o timeout`, 'not-sent'],
  ['the mail server has no address', `${smtp}dial tcp: lookup mail: no such host`, 'not-sent'],
  ['the mail server hangs up at once', `${smtp}EOF`, 'not-sent'],
  ['the mail server takes no connections for now', `${smtp}554 "go away"`, 'not-sent'],
  [
    'the mail server takes no mail for now',
    `${smtp}gomail: could not send email 1: 451 "no"`,
    'not-sent',
  ],
  [
    'the mail server refuses the recipient',
    `${smtp}gomail: could not send email 1: 550 "refused RCPT"`,
    'rejected',
  ],
  [
    'the address is none',
    `${smtp}gomail: could not send email 1: gomail: invalid address "x": mail: missing '@'`,
    'rejected',
  ],
  [
    'the mail server hangs up in the middle',
    `${smtp}gomail: could not send email 1: EOF`,
    'unknown',
  ],
  [
    'the connection breaks in the middle',
    `${smtp}gomail: could not send email 1: write tcp 1.2.3.4:5->6.7.8.9:25: write: connection reset by peer`,
    'unknown',
  ],
  ['the sidecar does not answer in time', 'sending to email took over 10000 ms', 'unknown'],
  [
    'the sidecar is gone',
    'sending to email failed: [unavailable] connect ECONNREFUSED 127.0.0.1:3606',
    'not-sent',
  ],
  [
    'the sidecar goes in the middle',
    'sending to email failed: [unavailable] read ECONNRESET',
    'unknown',
  ],
  ['there is no such binding', `${sidecar}couldn't find output binding email`, 'not-sent'],
  [
    'the binding is not complete',
    `${sidecar}smtp binding error: emailFrom property not supplied in configuration- or request-metadata`,
    'not-sent',
  ],
  ['the error is unknown', 'what is this', 'unknown'],
]

test.each(errors)('when %s', (_, message, outcome) => {
  expect(deliveryOf(message).outcome).toBe(outcome)
})

/** A binding whose requests end on the test's command. */
function createBinding() {
  const requests: { metadata: Record<string, string>; end: (error?: Error) => void }[] = []
  let asked = 0
  return {
    requests,
    asked: () => asked,
    sidecar: {
      bind: (_: string, __: string, ___: unknown, metadata: Record<string, string> = {}) =>
        new Promise<void>((resolve, reject) => {
          requests.push({ metadata, end: (error) => (error ? reject(error) : resolve()) })
        }),
      ready: async () => {
        asked += 1
      },
    },
  }
}
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

test('one mail is sent at a time, each with all its fields, because the sidecar confuses requests at the same time', async () => {
  const { requests, sidecar } = createBinding()
  const mailGateway = createMailGateway(sidecar, { from })
  const both = Promise.all([
    mailGateway.send(mail),
    mailGateway.send({ ...mail, recipient: 'bob@b.example' }),
  ])
  await turn()
  expect(requests).toHaveLength(1)
  requests[0]?.end()
  await turn()
  requests[1]?.end()
  expect(await both).toEqual([{ outcome: 'sent' }, { outcome: 'sent' }])
  expect(requests.map(({ metadata }) => metadata)).toEqual([
    { emailFrom: from, emailTo: 'ada@customer.example', subject: 'Hello' },
    { emailFrom: from, emailTo: 'bob@b.example', subject: 'Hello' },
  ])
})

test('after a request that has not ended the sidecar has to answer before the next one', async () => {
  const { requests, sidecar, asked } = createBinding()
  const mailGateway = createMailGateway(sidecar, { from })
  const first = mailGateway.send(mail)
  await turn()
  requests[0]?.end(new Fault('unavailable', 'sending to email took over 10000 ms'))
  expect((await first).outcome).toBe('unknown')
  expect(asked()).toBe(0)
  const second = mailGateway.send(mail)
  await turn()
  expect(asked()).toBe(1)
  requests[1]?.end()
  expect(await second).toEqual({ outcome: 'sent' })
})

test('a recipient that is not exactly one address gets no mail', async () => {
  const { requests, sidecar } = createBinding()
  const mailGateway = createMailGateway(sidecar, { from })
  for (const recipient of [
    'a@b.example;c@d.example',
    'a@b.example, c@d.example',
    'Ada <a@b.example>',
    'a',
    'a@b.example\n',
  ])
    expect((await mailGateway.send({ ...mail, recipient })).outcome).toBe('rejected')
  expect(requests).toEqual([])
})

test('a subject is one line', async () => {
  const { requests, sidecar } = createBinding()
  const mailGateway = createMailGateway(sidecar, { from })
  void mailGateway.send({ ...mail, subject: 'Hello\r\nBcc: everybody@example.com' })
  await turn()
  expect(requests[0]?.metadata.subject).toBe('Hello Bcc: everybody@example.com')
})
