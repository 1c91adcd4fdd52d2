import { styleText } from 'node:util'

const isLive = (stream: NodeJS.WriteStream) => stream.isTTY === true && !process.env.CI
const live = isLive(process.stdout)
const frames = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'

export const paint = (style: Parameters<typeof styleText>[0], text: string) =>
  live ? styleText(style, text) : text

export type Progress = {
  /** Whether there is a last line that moves. */
  live: boolean
  /** A line that stays. */
  line(text: string): void
  /** What the moving last line says, on a terminal; nothing ends it. */
  wait(text: string): void
  end(): void
}

/** Lines that stay and, on a terminal, one last line that moves. */
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
  const write = (said: string) => stream.write(said)
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

// A terminal that is gone must not keep the shop from being stopped.
process.stdout.on('error', () => {})
process.stderr.on('error', () => {})

export const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`

/** Columns as wide as their widest cell. */
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
