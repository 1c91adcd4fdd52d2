/** Progress of one part. `total` is exact for bytes when the server sent a length, and approximate for packages. */
export type Step = {
  part: string
  step: 'downloading' | 'fetching' | 'building'
  unit: 'bytes' | 'modules' | 'packages'
  done: number
  total?: number | undefined
}

/** A running step, or the end of a part's last step. */
export type Report = Step | { part: string; step: 'ended' }

type Output = { isTTY?: boolean; columns?: number; write(text: string): unknown }
type Line = { step: Step; startedAt: number; printedAt: number }
type Lines = Map<string, Line>

export type ProgressPrinter = {
  report(report: Report): void
  /** Prints a line of its own, above the refreshed lines on a terminal. */
  print(line: string): void
  /** Stops printing. */
  end(): void
}

/**
 * Shows progress. On a terminal: one line per part, refreshed between once and ten times a second. In a pipe: plain
 * lines, per part at most every 5 s and at least every 15 s, because a linker is silent for half a minute.
 */
export function createProgress(out: Output = process.stderr): ProgressPrinter {
  return out.isTTY ? onTerminal(out) : inPipe(out)
}

const now = () => performance.now()

function inPipe(out: Output): ProgressPrinter {
  const lines: Lines = new Map()
  const printAfter = (silenceMs: number) => {
    for (const line of lines.values()) {
      if (now() - line.printedAt < silenceMs) continue
      line.printedAt = now()
      out.write(`${textOf(line.step, now() - line.startedAt)}\n`)
    }
  }
  const clock = everySecond(() => printAfter(15_000))
  return {
    report(report) {
      note(lines, report)
      printAfter(5000)
    },
    print: (text) => void out.write(`${text}\n`),
    end: () => clearInterval(clock),
  }
}

function onTerminal(out: Output): ProgressPrinter {
  const lines: Lines = new Map()
  let shown = 0
  let drawnAt = Number.NEGATIVE_INFINITY
  const draw = (above = '') => {
    const width = (out.columns || 80) - 1
    const texts = [...lines.values()].map((line) => textOf(line.step, now() - line.startedAt))
    const erase = shown > 0 ? `\x1b[${shown}A\x1b[J` : ''
    out.write(`${erase}${above}${texts.map((text) => `${text.slice(0, width)}\n`).join('')}`)
    shown = texts.length
    drawnAt = now()
  }
  const clock = everySecond(() => lines.size > 0 && draw())
  return {
    report(report) {
      note(lines, report)
      if (report.step === 'ended' || now() - drawnAt >= 100) draw()
    },
    print: (text) => draw(`${text}\n`),
    end: () => clearInterval(clock),
  }
}

function everySecond(tick: () => void): NodeJS.Timeout {
  return setInterval(tick, 1000).unref()
}

function note(lines: Lines, report: Report): void {
  const known = lines.get(report.part)
  if (report.step === 'ended') lines.delete(report.part)
  else if (known?.step.step === report.step) known.step = report
  else
    lines.set(report.part, { step: report, startedAt: now(), printedAt: Number.NEGATIVE_INFINITY })
}

/**
 * Returns `daprd: building 52 % (1,560 of about 3,000 packages), 2:41 so far, about 2:29 left`. `elapsedMs` counts from
 * the start of the step.
 */
export function textOf({ part, step, unit, done, total }: Step, elapsedMs: number): string {
  const share = total ? Math.min(done / total, 0.99) : undefined
  const amount =
    unit === 'bytes'
      ? `${megabytes(done)}${total ? ` of ${megabytes(total)}` : ''} MB`
      : `${count(done)}${total ? ` of about ${count(total)}` : ''} ${unit}`
  // Linking at the end of a build is not counted, so no remaining time is shown.
  const left =
    share && share < 0.95 && elapsedMs > 2000
      ? `, about ${clock(elapsedMs / share - elapsedMs)} left`
      : ''
  const percent =
    share === undefined
      ? ''
      : ` ${Math.floor((done === total && unit === 'bytes' ? 1 : share) * 100)} %`
  return `${part}: ${step}${percent} (${amount}), ${clock(elapsedMs)} so far${left}`
}

function count(number: number): string {
  return number.toLocaleString('en')
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(1)
}

function clock(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
