/** A line of a plot. */
export type Series = { name: string; points: readonly (readonly [x: number, y: number])[] }
export type Bar = { name: string; parts: readonly { name: string; size: number }[] }

export const width = 760
const colours = ['#1f4d3f', '#4c9f85', '#d0772c', '#7a5195', '#c23b4b', '#5b6770', '#9a8a2f']
const style =
  'text{font:13px system-ui,sans-serif;fill:#333}.in{font:10px ui-monospace,monospace}.title{font-weight:600;font-size:15px}.grid{stroke:#ddd}@media(prefers-color-scheme:dark){text{fill:#ddd}.in{fill:#222}.grid{stroke:#444}}'

/** Renders horizontal bars, one per contender, stacked from the same parts. */
export function bars(title: string, unit: string, all: readonly Bar[]): string {
  const names = [...new Set(all.flatMap(({ parts }) => parts.map(({ name }) => name)))]
  const most = Math.max(...all.map(sizeOf))
  const [left, top, step] = [110, 40 + 20 * Math.ceil(names.length / 4), 34]
  const scale = (width - left - 90) / most
  const rows = all.map((bar, row) => {
    let x = left
    const y = top + row * step
    const parts = bar.parts.map(({ name, size }) => {
      const rect = `<rect x="${n(x)}" y="${y}" width="${n(size * scale)}" height="22" fill="${colourOf(names, name)}"><title>${safe(name)}: ${n(size)} ${unit}</title></rect>`
      x += size * scale
      return rect
    })
    const label = text(left - 8, y + 16, bar.name, 'end')
    return `${label}${parts.join('')}${text(x + 6, y + 16, `${n(sizeOf(bar))} ${unit}`)}`
  })
  return svg(
    top + all.length * step + 10,
    [heading(title), legend(names, 36), ...rows].join('\n'),
    title,
  )
}

/** Renders lines over a logarithmic scale of milliseconds; x is labelled by `ticks`. */
export function lines(
  title: string,
  all: readonly Series[],
  ticks: readonly (readonly [x: number, label: string])[],
): string {
  const [left, right, top, bottom] = [60, 20, 66, 300]
  const xs = ticks.map(([x]) => x)
  const [x0, x1] = [Math.min(...xs), Math.max(...xs)]
  const ys = all.flatMap(({ points }) => points.map(([, y]) => y)).filter((y) => y > 0)
  const [y0, y1] = [Math.floor(Math.log10(Math.min(...ys))), Math.ceil(Math.log10(Math.max(...ys)))]
  const px = (x: number) => left + ((x - x0) / (x1 - x0)) * (width - left - right)
  const py = (y: number) =>
    bottom - ((Math.log10(Math.max(y, 10 ** y0)) - y0) / Math.max(1, y1 - y0)) * (bottom - top)
  const decades = Array.from({ length: y1 - y0 + 1 }, (_, index) => 10 ** (y0 + index))
  const grid = decades.map(
    (y) =>
      `<line class="grid" x1="${left}" x2="${width - right}" y1="${n(py(y))}" y2="${n(py(y))}"/>${text(left - 6, py(y) + 4, `${y} ms`, 'end')}`,
  )
  const names = all.map(({ name }) => name)
  const drawn = all.map(
    ({ name, points }) =>
      `<polyline fill="none" stroke-width="2" stroke="${colourOf(names, name)}" points="${points.map(([x, y]) => `${n(px(x))},${n(py(y))}`).join(' ')}"/>`,
  )
  const labels = ticks.map(([x, label]) => text(px(x), bottom + 18, label, 'middle'))
  return svg(
    bottom + 30,
    [heading(title), legend(names, 36), ...grid, ...drawn, ...labels].join('\n'),
    title,
  )
}

const sizeOf = ({ parts }: Bar): number => parts.reduce((sum, { size }) => sum + size, 0)
const colourOf = (names: readonly string[], name: string): string =>
  colours[names.indexOf(name) % colours.length] ?? '#888'
export const heading = (title: string) => `<text class="title" x="10" y="20">${safe(title)}</text>`

export function legend(
  names: readonly string[],
  y: number,
  palette: readonly string[] = colours,
): string {
  const perRow = 4
  return names
    .map((name, index) => {
      const x = 10 + (index % perRow) * 185
      const row = y + 18 * Math.floor(index / perRow)
      return `<rect x="${x}" y="${row - 8}" width="12" height="12" fill="${palette[index % palette.length]}"/>${text(x + 18, row + 3, name)}`
    })
    .join('')
}

const text = (x: number, y: number, content: string, anchor = 'start') =>
  `<text x="${n(x)}" y="${n(y)}" text-anchor="${anchor}">${safe(content)}</text>`

export const svg = (height: number, content: string, title: string) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${safe(title)}">
<style>${style}</style>
${content}
</svg>
`

export const n = (number: number): string => String(Math.round(number * 10) / 10)
export const safe = (content: string): string =>
  content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
