import { describe, expect, it } from 'vitest'
import { filesBelow, read } from './tree.ts'

/* What runs in production: the services, what they stand on, and the web app. */
const source = /^(?!.*(\.test|\.suite|testing|testkit)\.tsx?$).*\.tsx?$/
const files = ['services', 'packages/chassis', 'web/src'].flatMap((folder) =>
  filesBelow(folder, source),
)

/** Lines of a text that use something, without comments. */
const uses = (text: string, pattern: RegExp): string[] =>
  text
    .split('\n')
    .filter((line) => !/^\s*(\/\/|\*|\/\*)/.test(line) && pattern.test(line))
    .map((line) => line.trim())

/** Why a thing is dangerous, how it looks, and where it is allowed after all. */
const dangerous: Record<string, { pattern: RegExp; allowed?: Record<string, string> }> = {
  'text becomes code': {
    pattern: /\beval\(|\bnew Function\(|\bFunction\('|from 'node:vm'|setTimeout\(['"`]/,
  },
  'text becomes a command': { pattern: /child_process|\bexecSync\(|\bspawn\(/ },
  'text becomes markup': {
    pattern: /dangerouslySetInnerHTML|\b(inner|outer)HTML\b|insertAdjacentHTML|document\.write/,
  },
  'messages of other windows are heard': { pattern: /postMessage|'message',|onmessage/ },
  'a connection that carries no token': { pattern: /\bnew WebSocket\(|\bnew EventSource\(/ },
  'a cipher or hash of our own choice': {
    pattern: /createCipher|createDecipher|createHash\('(?!sha256')|createHmac\('(?!sha256')/,
  },
  'a random number that can be guessed': {
    pattern: /Math\.random/,
    allowed: {
      'services/carts/store.ts': 'spreads retries, decides nothing', // carts: optional line
    },
  },
  'certificates that are not checked': {
    pattern: /rejectUnauthorized|NODE_TLS_REJECT_UNAUTHORIZED|insecureSkipVerify/i,
  },
}

describe.each(Object.entries(dangerous))('%s', (_, { pattern, allowed = {} }) => {
  it('nowhere but where it is allowed', () => {
    const found = files.filter((path) => uses(read(path), pattern).length > 0)
    expect(found).toEqual(Object.keys(allowed))
  })
})

it('what is dangerous would be found', () => {
  const samples = [
    'eval(text)',
    "spawn('sh', [text])",
    'element.innerHTML = text',
    "addEventListener('message', receive)",
    'new WebSocket(url)',
    "createHash('md5')",
    'Math.random()',
    'rejectUnauthorized: false',
  ]
  const patterns = Object.values(dangerous).map(({ pattern }) => pattern)
  expect(patterns.map((pattern, index) => uses(samples[index] ?? '', pattern).length)).toEqual(
    samples.map(() => 1),
  )
  expect(files.length).toBeGreaterThan(150)
})

it('passwords are masked, known to password managers, and may be pasted', () => {
  const fields = filesBelow('web/src', /\.tsx$/).flatMap((path) =>
    [...read(path).matchAll(/<TextField\b[^>]*?\/>/gs)].map(([field]) => field),
  )
  const passwords = fields.filter((field) => /password/i.test(field))
  expect(passwords.length).toBeGreaterThanOrEqual(3)
  for (const field of passwords) {
    expect(field).toContain('type="password"')
    expect(field).toMatch(/autoComplete="(current|new)-password"/)
  }
  expect(
    filesBelow('web/src', /\.tsx$/).filter((path) => /onPaste|onCopy/.test(read(path))),
  ).toEqual([])
})
