import { join } from 'node:path'
import { readIfThere } from './files.ts'
import type { Project } from './project.ts'

/**
 * Returns a text with another part between the lines `# NAME: generated …` and `# /NAME`, or the same as comments of
 * Markdown.
 * @throws Error naming the file when the text has no such lines
 */
export function withSection(file: string, text: string, name: string, part: string): string {
  const lines = text.split('\n')
  const from = lines.findIndex((line) => /^\s*(#|<!--) (\S+): generated\b/.exec(line)?.[2] === name)
  const to = lines.findIndex((line) => /^\s*(#|<!--) \/(\S+)/.exec(line)?.[2] === name)
  if (from < 0 || to < from)
    throw new Error(`${file} needs a line "# ${name}: generated", and below it a line "# /${name}"`)
  return [...lines.slice(0, from + 1), part.replace(/\n$/, ''), ...lines.slice(to)].join('\n')
}

/** Returns the text of a page of the project with another part in a section. */
export const withPart = ({ root }: Project, page: string, name: string, part: string): string =>
  withSection(page, readIfThere(join(root, page)) ?? '', name, part)
