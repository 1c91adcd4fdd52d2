/** How far one part is. `total` is exact for bytes if the server told it, and about right for packages. */
export type Report = {
  part: string
  step: 'downloading' | 'building'
  unit: 'bytes' | 'packages'
  done: number
  total?: number | undefined
}

type Output = { isTTY?: boolean; columns?: number; write(text: string): unknown }
type Line = { report: Report; startedAt: number; saidAt: number }

export type ProgressPrinter = {
  report(report: Report): void
  /** Prints a line of its own, above the refreshed ones on a terminal. */
  say(line: string): void
  /** Stops refreshing; what stands stays. */
  end(): void
}

/**
 * Shows progress: on a terminal one line per part, refreshed at most ten times a second; in a pipe plain lines, one per
 * part at most every `plainEveryMs`. `now` answers milliseconds.
 */
export function createProgress(
  out: Output = process.stderr,
  { now = () => performance.now(), plainEveryMs = 5000 }: { now?: () => number; plainEveryMs?: number } = {},
): ProgressPrinter {
  return out.isTTY ? onTerminal(out, now) : inPipe(out, now, plainEveryMs)
}

function inPipe(out: Output, now: () => number, everyMs: number): ProgressPrinter {
  const lines = new Map<string, Line>()
  return {
    report(report) {
      const line = lineOf(lines, report, now())
      if (now() - line.saidAt < everyMs) return
      line.saidAt = now()
      out.write(`${textOf(report, now() - line.startedAt)}\n`)
    },
    say: (text) => void out.write(`${text}\n`),
    end() {},
  }
}

function onTerminal(out: Output, now: () => number): ProgressPrinter {
  const lines = new Map<string, Line>()
  let shown = 0
  let drawnAt = Number.NEGATIVE_INFINITY
  const erase = () => (shown > 0 ? `\x1b[${shown}A\x1b[J` : '')
  const draw = (above = '') => {
    const texts = [...lines.values()].map(({ report, startedAt }) => textOf(report, now() - startedAt))
    out.write(`${erase()}${above}${texts.map((text) => `${text.slice(0, (out.columns ?? 80) - 1)}\n`).join('')}`)
    shown = texts.length
    drawnAt = now()
  }
  // A linker is silent for half a minute: the clock goes on meanwhile.
  const clock = setInterval(() => lines.size > 0 && draw(), 1000)
  clock.unref()
  return {
    report(report) {
      lineOf(lines, report, now())
      if (now() - drawnAt >= 100) draw()
    },
    say: (text) => draw(`${text}\n`),
    end() {
      clearInterval(clock)
      if (lines.size > 0) draw()
      lines.clear()
      shown = 0
    },
  }
}

function lineOf(lines: Map<string, Line>, report: Report, at: number): Line {
  const known = lines.get(report.part)
  if (known?.report.step === report.step) return Object.assign(known, { report })
  const line = { report, startedAt: at, saidAt: Number.NEGATIVE_INFINITY }
  lines.set(report.part, line)
  return line
}

/** `daprd: building 52 % (1,560 of about 3,000 packages), 2:41 so far, about 2:29 left`. `elapsedMs` since the step began. */
export function textOf({ part, step, unit, done, total }: Report, elapsedMs: number): string {
  const share = total ? Math.min(done / total, 0.99) : undefined
  const amount = unit === 'bytes' ? `${megabytes(done)}${total ? ` of ${megabytes(total)}` : ''} MB` : packages(done, total)
  const left = share && elapsedMs > 2000 ? `, about ${clock(elapsedMs / share - elapsedMs)} left` : ''
  const percent = share === undefined ? '' : ` ${Math.floor((done === total && unit === 'bytes' ? 1 : share) * 100)} %`
  return `${part}: ${step}${percent} (${amount}), ${clock(elapsedMs)} so far${left}`
}

function packages(done: number, total?: number): string {
  return `${done.toLocaleString('en')}${total ? ` of about ${total.toLocaleString('en')}` : ''} packages`
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(1)
}

function clock(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
