/** A request of an `.http` file, in the format of the REST Client of VS Code. Values can have placeholders. */
export type FileRequest = {
  title: string
  line: number
  name?: string
  /** Names of values that a person is asked for. */
  prompts: string[]
  expected: { status: number; text: string }
  method: string
  url: string
  headers: Record<string, string>
  body?: string
}

export type HttpFile = { variables: Record<string, string>; requests: FileRequest[] }

/** Reads an `.http` file. The comment `# → STATUS TEXT` of a request has what is expected of its response. */
export function parseHttpFile(text: string): HttpFile {
  const variables = Object.fromEntries(
    [...text.matchAll(/^@(\w+)\s*=\s*(.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
  )
  const requests: FileRequest[] = []
  let line = 1
  for (const block of text.split(/^(?=###)/m)) {
    if (block.startsWith('###')) requests.push(requestIn(block, line))
    line += block.split('\n').length - 1
  }
  return { variables, requests }
}

function requestIn(block: string, line: number): FileRequest {
  const lines = block.split('\n')
  const notes = lines.filter((one) => one.startsWith('# '))
  const first = lines.findIndex((one) => /^[A-Z]+ /.test(one))
  const blank = lines.findIndex((one, index) => index > first && one.trim() === '')
  const end = blank === -1 ? lines.length : blank
  const [method = '', url = ''] = lines[first]?.split(' ') ?? []
  const body = lines.slice(end).join('\n').trim()
  const name = noted(notes, /^# @name (\w+)$/)?.[1]
  const [, status = '', text = ''] = noted(notes, /^# → (\d{3}) ?(.*)$/) ?? []
  return {
    title: lines[0]?.replace(/^###\s*/, '') ?? '',
    line,
    ...(name && { name }),
    prompts: notes.flatMap((note) => /^# @prompt (\w+)/.exec(note)?.[1] ?? []),
    expected: { status: Number(status), text },
    ...{ method, url },
    headers: Object.fromEntries(
      lines.slice(first + 1, end).map((header) => {
        const [field = '', ...value] = header.split(':')
        return [field.toLowerCase(), value.join(':').trim()]
      }),
    ),
    ...(body && { body }),
  }
}

const noted = (notes: readonly string[], pattern: RegExp): RegExpExecArray | undefined =>
  notes.map((note) => pattern.exec(note)).find((found) => found !== null) ?? undefined

/** Replaces each `{{placeholder}}`. @throws Error when `lookUp` does not know one */
export const filled = (text: string, lookUp: (placeholder: string) => string | undefined): string =>
  text.replaceAll(/\{\{(.+?)\}\}/g, (_, placeholder: string) => {
    const value = lookUp(placeholder)
    if (value === undefined) throw new Error(`nothing is known of {{${placeholder}}}`)
    return value
  })
