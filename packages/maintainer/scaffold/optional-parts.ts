const opening = String.raw`^\s*(?:\/\/|#|<!--|\{?\/\*)\s*`

/**
 * Returns a text without its parts that only a service needs; undefined when the whole file is such a part. A part
 * begins with a comment `NAME: optional` and ends with a comment `/NAME`; a line is one when it ends with a comment
 * `NAME: optional line`, a file when its first line is a comment `NAME: optional file`.
 * @throws Error naming the file when a part has no end
 */
export function withoutParts(file: string, text: string, service: string): string | undefined {
  const begins = new RegExp(`${opening}${service}: optional(?! line| file)\\b`)
  const ends = new RegExp(`${opening}\\/${service}\\b`)
  const lines = text.split('\n')
  if (new RegExp(`${opening}${service}: optional file\\b`).test(lines[0] ?? '')) return undefined
  const withoutEnd = (line: number) =>
    new Error(`${file}:${line}: the part of ${service} has no end: /${service}`)
  const rest: string[] = []
  let since: number | undefined
  for (const [index, line] of lines.entries()) {
    if (begins.test(line)) {
      if (since !== undefined) throw withoutEnd(since)
      since = index + 1
    } else if (since !== undefined && ends.test(line)) since = undefined
    else if (since === undefined && !line.includes(` ${service}: optional line`)) rest.push(line)
  }
  if (since !== undefined) throw withoutEnd(since)
  return rest.join('\n')
}

/** Returns a page without the tests that are gone in lists: `a.test.ts`, `b.test.ts`. */
export function withoutReferences(page: string, isGone: (path: string) => boolean): string {
  const cut = (list: string, path: string) => (isGone(path) ? '' : list)
  return page
    .replace(/`([\w./-]+\.test\.tsx?)`, (?=`)/g, cut)
    .replace(/, `([\w./-]+\.test\.tsx?)`/g, cut)
}
