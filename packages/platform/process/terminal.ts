import { styleText } from 'node:util'

const isLive = (stream: NodeJS.WriteStream) => stream.isTTY === true && !process.env.CI
const live = isLive(process.stdout)
const frames = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'

export const paint = (style: Parameters<typeof styleText>[0], text: string) =>
  live ? styleText(style, text) : text

export type Progress = {
  /** True on a terminal, with a moving status line. */
  live: boolean
  /** Prints a permanent line. */
  line(text: string): void
  /** Sets the text of the status line on a terminal; an empty text removes the line. */
  wait(text: string): void
  end(): void
}

/** Prints permanent lines and, on a terminal, a moving status line below. */
export function createProgress(stream: NodeJS.WriteStream = process.stdout): Progress {
  const live = isLive(stream)
  let text = ''
  let frame = 0
  const began = performance.now()
  const timer = live ? setInterval(draw, 100) : undefined

  function draw(): void {
    if (!text) return
    const seconds = Math.floor((performance.now() - began) / 1000)
    frame = (frame + 1) % frames.length
    write(`\r\u001b[K${frames[frame]} ${seconds} s  ${text.slice(0, (stream.columns || 80) - 12)}`)
  }
  const write = (text: string) => stream.write(text)
  const clear = () => live && text !== '' && write('\r\u001b[K')

  return {
    live,
    line(line) {
      clear()
      write(`${line}\n`)
    },
    wait(waiting) {
      clear()
      text = waiting
    },
    end() {
      clear()
      clearInterval(timer)
      text = ''
    },
  }
}

// A closed terminal must not prevent stopping the shop.
process.stdout.on('error', () => {})
process.stderr.on('error', () => {})

export const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`

/** Formats rows with columns as wide as their widest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
