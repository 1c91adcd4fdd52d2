import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensureAppTokens } from '@sidecart/platform/config/environment.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { until } from '@sidecart/testing/until.ts'
import { describe, expect, it } from 'vitest'
import { root, secrets } from './client.ts'
import { type FileRequest, filled, parseHttpFile } from './http-file.ts'

const folder = join(root, 'docs/examples')
const files = readdirSync(folder).filter((name) => name.endsWith('.http'))

/** What the person who sends the requests is asked for. */
const asked: Record<string, () => string> = {
  password: () => secrets()['operator-password'] ?? '',
  token: () => ensureAppTokens(projectAt(root), 'gateway').DAPR_API_TOKEN,
}

type Sent = { headers: Record<string, string>; body: Record<string, unknown> }

describe.each(files)('%s', (file) => {
  const { variables, requests } = parseHttpFile(readFileSync(join(folder, file), 'utf8'))
  const sent = new Map<string, Sent>()
  const given = new Map<string, string>()

  function lookUp(placeholder: string): string | undefined {
    if (placeholder === '$guid') return randomUUID()
    const [name = '', part, kind, field = ''] = placeholder.split('.')
    const earlier = sent.get(name)
    if (part === 'request' && kind === 'headers') return earlier?.headers[field]
    if (part === 'response' && kind === 'body') return earlier?.body[field]?.toString()
    return variables[placeholder] ?? given.get(placeholder)
  }
  const withValues = (text: string) => filled(text, lookUp)

  async function send({ method, name, ...request }: FileRequest) {
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([field, value]) => [field, withValues(value)]),
    )
    const body = request.body === undefined ? null : withValues(request.body)
    const response = await fetch(withValues(request.url), { method, headers, body })
    const text = await response.text()
    if (name) sent.set(name, { headers, body: JSON.parse(text) })
    return { status: response.status, text }
  }

  it.each(requests)('line $line: $title', async (request) => {
    for (const prompt of request.prompts) given.set(prompt, asked[prompt]?.() ?? '')
    const { status, text } = request.expected
    const expected = { status, text: expect.stringContaining(withValues(text)) }
    if (request.method !== 'GET') return expect(await send(request)).toEqual(expected)
    let last: Awaited<ReturnType<typeof send>> | undefined
    const isAsExpected = async () => {
      last = await send(request)
      return last.status === status && last.text.includes(withValues(text))
    }
    await until('the response is as expected', isAsExpected, 20_000, 250).catch(() => {})
    expect(last).toEqual(expected)
  })
})
