import { heading, legend, n, safe, svg, width } from '../report/plot.ts'
import { byOwner, type Frame, type Owner } from './stacks.ts'

const rowHeight = 15
/** Share of the whole; narrower frames would be invisible. */
const leastShare = 0.004
const letterWidth = 6.2

/**
 * Renders an icicle graph: callers above callees, width proportional to time, colour by owner of
 * the code.
 */
export function flame(title: string, root: Frame): string {
  const owners = byOwner(root)
  const top = 46 + 18 * Math.ceil(owners.length / 4)
  const scale = (width - 20) / root.ms
  const boxes: string[] = []
  let deepest = 0
  const draw = (frame: Frame, x: number, depth: number): void => {
    deepest = Math.max(deepest, depth)
    boxes.push(boxOf(frame, x, top + depth * rowHeight))
    drawAll(frame, x, depth + 1)
  }
  const drawAll = (frame: Frame, left: number, depth: number): void => {
    let x = left
    for (const call of [...frame.calls.values()].sort((a, b) => b.ms - a.ms)) {
      if (call.ms / root.ms >= leastShare) draw(call, x, depth)
      x += call.ms * scale
    }
  }
  const boxOf = ({ name, owner, ms }: Frame, x: number, y: number): string => {
    const room = Math.floor((ms * scale - 4) / letterWidth)
    const label =
      room > 2
        ? `<text x="${n(x + 3)}" y="${y + 11}" class="in">${safe(name.slice(0, room))}</text>`
        : ''
    const share = ((ms / root.ms) * 100).toFixed(1)
    return `<g><title>${safe(name)}: ${share} %</title><rect x="${n(x)}" y="${y}" width="${n(ms * scale)}" height="${rowHeight - 1}" fill="${colours[owner]}"/>${label}</g>`
  }
  drawAll(root, 10, 0)
  const palette = owners.map(([owner]) => colours[owner])
  const names = owners.map(([owner, ms]) => `${owner} ${((ms / root.ms) * 100).toFixed(0)} %`)
  return svg(
    top + (deepest + 1) * rowHeight + 10,
    [heading(title), legend(names, 36, palette), ...boxes].join('\n'),
    title,
  )
}

const colours: Record<Owner, string> = {
  'the shop': '#c9e4da',
  HTTP: '#f2cfa8',
  'database client': '#d9cbe6',
  'gRPC and TLS': '#f0c3c9',
  Dapr: '#c9d6e8',
  'broker client': '#e6e0b0',
  kernel: '#d5d5d5',
  runtime: '#b9dbe8',
  libraries: '#e8d2bd',
}
