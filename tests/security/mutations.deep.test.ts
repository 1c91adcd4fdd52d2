import { execFile } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { serverVariable, startTestServer } from '@sidecart/testing/database.ts'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { root } from '../architecture/tree.ts'
import { copyCheckout, patch } from '../crash/copy.ts'
import { type Mutation, mutations } from './mutations.ts'

/*
 * Does a test fail when a control is taken away? Each line of the table is tried alone, in a copy of the checkout, with
 * the test that it names; with every control in place all of those tests pass. All runs share one PostgreSQL.
 */

const copy = join(root, '.sidecart/mutations')
const parts = ['packages', 'services', 'tests', 'components', 'deploy', 'docs', 'bench']
const files = [
  'dapr.yaml',
  'docker-compose.yml',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
]

let server: { url: string; stop(): Promise<void> } | undefined

beforeAll(async () => {
  copyCheckout(copy, [...parts, ...files])
  server = await startTestServer()
})
afterAll(async () => {
  await server?.stop()
  rmSync(copy, { recursive: true, force: true })
})

type Outcome = { name: string; status: string; message: string }

const projectOf = (file: string): string =>
  file.endsWith('.int.test.ts')
    ? 'integration'
    : /^tests\/(architecture|contracts)\//.test(file)
      ? 'architecture'
      : 'unit'

const escaped = (text: string) => text.replaceAll(/[.*+?^$()|[\]{}\\]/g, String.raw`\$&`)

/** Runs those tests of a file in the copy whose names contain one of `names`. Returns how each ended. */
async function run(file: string, names: readonly string[]): Promise<Outcome[]> {
  const report = join(copy, '.sidecart/report.json')
  rmSync(report, { force: true })
  const program = join(root, 'node_modules/vitest/vitest.mjs')
  const pattern = names.map(escaped).join('|')
  const args = ['run', '--project', projectOf(file), file, '-t', pattern]
  const reporter = ['--reporter=json', `--outputFile.json=${report}`]
  const { NODE_OPTIONS: _, VITEST: __, ...env } = process.env
  const printed = await new Promise<string>((resolve) => {
    execFile(
      process.execPath,
      [program, ...args, ...reporter],
      {
        cwd: copy,
        env: { ...env, [serverVariable]: server?.url },
        timeout: 120_000,
        maxBuffer: 64 * 1024 * 1024,
      },
      (_error, stdout, stderr) => resolve(`${stdout}${stderr}`),
    )
  })
  if (!existsSync(report)) throw new Error(`${file} could not be run: ${printed.slice(-2_000)}`)
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as {
    testResults: {
      message?: string
      assertionResults: {
        ancestorTitles: string[]
        title: string
        status: string
        failureMessages?: string[]
      }[]
    }[]
  }
  return testResults.flatMap(({ assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === 'passed' || status === 'failed')
      .map(({ ancestorTitles, title, status, failureMessages = [] }) => ({
        name: [...ancestorTitles, title].join(' > '),
        status,
        message: failureMessages.join('\n'),
      })),
  )
}

it.each(mutations)(
  'a test fails without: $control',
  async ({ file, from, to, test, name }: Mutation) => {
    const mend = patch(join(copy, file), from, to)
    try {
      const outcomes = await run(test, [name])
      const failed = outcomes.filter(({ status }) => status === 'failed')
      expect(failed.length, `${name} passes without it`).toBeGreaterThan(0)
    } finally {
      mend()
    }
  },
)

const tests = [...new Set(mutations.map(({ test }) => test))]

// last: none of the runs before has spoilt the copy or the databases
it.each(tests)('with every control in place its tests pass: %s', async (file) => {
  const names = mutations.filter(({ test }) => test === file).map(({ name }) => name)
  const outcomes = await run(file, names)
  expect(outcomes.filter(({ status }) => status !== 'passed')).toEqual([])
  const missing = names.filter((name) => !outcomes.some((one) => one.name.includes(name)))
  expect(missing, 'names of no test').toEqual([])
})
