import { execFileSync } from 'node:child_process'
import type { Project } from '@sidecart/platform/config/project.ts'

const program = `
import { generate } from '@sidecart/maintainer/generate/generate.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
console.log(JSON.stringify(generate(projectAt())))
`

/** Generates in another process, which reads the manifests again. Returns the written paths. */
export function regenerate({ root }: Project): string[] {
  const args = ['--input-type=module', '--eval', program]
  return JSON.parse(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' }))
}
