import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../architecture/tree.ts'
import { copyRepository } from '../scaffold/copy.ts'
import { stepsOf } from './page.ts'
import { openShell, type Shell } from './shell.ts'

const pages = readdirSync(join(root, 'docs/guides')).filter((name) => name.endsWith('.md'))

describe.each(pages)('the guide %s', (page) => {
  const folder = mkdtempSync(join(tmpdir(), 'sidecart-guide-'))
  const clone = join(folder, 'sidecart')
  let shell: Shell

  beforeAll(() => {
    copyRepository(clone)
    shell = openShell(clone)
  })
  afterAll(async () => {
    await shell.run('./sidecart down')
    shell.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const steps = stepsOf(readFileSync(join(root, 'docs/guides', page), 'utf8'))

  it('works to the letter', async () => {
    expect(steps.length).toBeGreaterThan(5)
    for (const step of steps) {
      const at = `docs/guides/${page}:${step.line}`
      if (step.do === 'change') {
        execFileSync('git', ['apply', '--recount'], { cwd: clone, input: step.diff })
        continue
      }
      const { code, output } = await shell.run(step.command)
      expect(code, `${at}: ${step.command}\n${output}`).toBe(0)
      if (step.expected.length === 0) expect(output, at).toBe('')
      for (const text of step.expected) expect(output, `${at}: ${step.command}`).toContain(text)
    }
  })
})
