import { join } from 'node:path'
import { readIfThere } from './files.ts'
import type { Project } from './project.ts'

/** A page with another text in the part that `<!-- NAME: generated -->` and `<!-- /NAME -->` enclose. */
export function withPart({ root }: Project, page: string, name: string, part: string): string {
  const [begins, ends] = [`<!-- ${name}: generated -->`, `<!-- /${name} -->`]
  const text = readIfThere(join(root, page)) ?? ''
  const [from, to] = [text.indexOf(begins), text.indexOf(ends)]
  if (from < 0 || to < 0) throw new Error(`${page} has no place for ${name}`)
  return `${text.slice(0, from)}${begins}\n${part}\n${text.slice(to)}`
}
