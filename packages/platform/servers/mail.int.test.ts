import { request } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { freePorts, temporaryFolder } from '../install/testing.ts'
import { until } from '../process/spawn.ts'
import { type MailOptions, startMail } from './mail.ts'

type Mail = { subject: string; to: { address: string }[] }

async function inboxOf(inboxUrl: string): Promise<Mail[]> {
  const answer: unknown = await (await fetch(`${inboxUrl}/api/email`)).json()
  return (Array.isArray(answer) ? answer : (answer as { data: Mail[] }).data) as Mail[]
}

/** Sends a mail line by line, each after the server's reply to the previous one. */
function send(port: number, to: string, subject: string): Promise<void> {
  const mail = `To: ${to}\r\nSubject: ${subject}\r\n\r\nHello\r\n.`
  const lines = [
    'HELO shop',
    'MAIL FROM:<shop@example.org>',
    `RCPT TO:<${to}>`,
    'DATA',
    mail,
    'QUIT',
  ]
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('data', () => socket.write(`${lines.shift() ?? ''}\r\n`))
    socket.on('error', reject)
    socket.on('close', () => resolve())
  })
}

async function started(options: MailOptions) {
  const server = await startMail(options)
  onTestFinished(async () => void (await server.stop()))
  return server
}

test('a mail is shown in the inbox, and still there after a restart', async () => {
  const folder = await temporaryFolder()
  const [smtpPort = 0, webPort = 0] = await freePorts(2)
  const options = { dir: join(folder, 'mail'), logFile: join(folder, 'log'), smtpPort, webPort }
  const first = await started(options)
  expect(first.inboxUrl).toBe(`http://127.0.0.1:${webPort}`)
  await send(smtpPort, 'ada@example.org', 'Your order')
  const arrived = async () => (await inboxOf(first.inboxUrl))[0]
  expect(await until(arrived, { timeoutMs: 5000 })).toMatchObject({
    subject: 'Your order',
    to: [{ address: 'ada@example.org' }],
  })
  await first.stop()
  const second = await started(options)
  const kept = async () => (await inboxOf(second.inboxUrl)).map(({ subject }) => subject).join()
  expect(await until(kept, { timeoutMs: 5000 })).toBe('Your order')
})

test('anyone who hands over a mail is greeted at once', async () => {
  const folder = await temporaryFolder()
  const [smtpPort = 0, webPort = 0] = await freePorts(2)
  await started({ dir: join(folder, 'mail'), logFile: join(folder, 'log'), smtpPort, webPort })
  const waits: number[] = []
  for (let count = 0; count < 20; count += 1) waits.push(await waitForGreeting(smtpPort))
  expect(Math.min(...waits)).toBeLessThan(100)
})

function waitForGreeting(port: number): Promise<number> {
  const began = performance.now()
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', reject).once('data', () => {
      resolve(performance.now() - began)
      socket.destroy()
    })
  })
}

test('no page of another origin reads or deletes the mails', async () => {
  const dir = await temporaryFolder()
  const [smtpPort = 0, webPort = 0] = await freePorts(2)
  const mail = await startMail({ dir, smtpPort, webPort, logFile: join(dir, 'log') })
  onTestFinished(async () => void (await mail.stop()))
  const ask = (headers: Record<string, string>, path = '/api/email', method = 'GET') =>
    new Promise<number>((resolve, reject) => {
      const asked = request({ port: webPort, host: '127.0.0.1', path, method, headers })
      asked.on('response', ({ statusCode = 0 }) => resolve(statusCode))
      asked.on('upgrade', () => resolve(101)).on('error', reject)
      asked.end()
    })
  const host = `127.0.0.1:${webPort}`
  expect(await ask({ host })).toBe(200)
  expect(await ask({ host, origin: `http://${host}` })).toBe(200)
  expect(await ask({ host, origin: 'http://evil.example' })).toBe(403)
  expect(await ask({ host: `evil.example:${webPort}` })).toBe(403)
  expect(await ask({ host, origin: 'null' }, '/api/email/all', 'DELETE')).toBe(403)
  const socket = {
    host,
    origin: 'http://evil.example',
    connection: 'upgrade',
    upgrade: 'websocket',
  }
  await expect(ask(socket, '/socket.io/?EIO=4&transport=websocket')).rejects.toThrow()
})
