import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { quoted } from './shell.ts'

const values = ["it's", 'a "b" $c `d` \\e', "''", 'two\nlines', '#1', '']

it.each(values)('a shell reads %j as it is', (value) => {
  const script = `printf %s ${quoted(value)}`
  expect(execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' })).toBe(value)
})
