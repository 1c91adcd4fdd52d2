/** One server-sent event. */
export type ServerEvent = { event: string; data: string }

/**
 * Reads server-sent events from the body of an answer. (The browser's own `EventSource` cannot send
 * an access token.)
 * @throws Error when nothing, not even a comment, arrives for `silenceMs` milliseconds: the
 * connection is dead
 */
export async function* eventsIn(
  body: ReadableStream<Uint8Array>,
  silenceMs: number,
): AsyncGenerator<ServerEvent> {
  const reader = body.pipeThrough(new TextDecoderStream() as never).getReader()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await within(silenceMs, reader.read())
      if (done) return
      const blocks = (rest + value).split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) {
        const event = parse(block)
        if (event) yield event
      }
    }
  } finally {
    await reader.cancel().catch(() => {})
  }
}

function parse(block: string): ServerEvent | undefined {
  const lines = block.split('\n')
  const valuesOf = (field: string) =>
    lines.filter((line) => line.startsWith(`${field}:`)).map((line) => line.slice(field.length + 1))
  const data = valuesOf('data')
  if (data.length === 0) return undefined
  const event = valuesOf('event')[0]?.trim() ?? 'message'
  return { event, data: data.map((line) => line.replace(/^ /, '')).join('\n') }
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing for ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([promise, silence])
  } finally {
    clearTimeout(timer)
  }
}
