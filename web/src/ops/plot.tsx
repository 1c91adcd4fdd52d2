/** A bar or a point: label, and the height of each part. */
export type Column = { label: string; parts: readonly { className: string; value: number }[] }

const size = { width: 400, height: 180, left: 46, bottom: 22, top: 10 }

/** Stacked bars over time, drawn without a library. `summary` describes the plot in a few words. */
export function Plot({
  title,
  columns,
  format,
  top: wanted,
  summary,
}: {
  title: string
  columns: readonly Column[]
  format: (value: number) => string
  /** Maximum of the scale, if fixed. */
  top?: number
  /** Replaces the sum of all bars. */
  summary?: string
}) {
  const heights = columns.map(({ parts }) => parts.reduce((sum, { value }) => sum + value, 0))
  const top = wanted ?? niceTop(Math.max(...heights, 0))
  const inner = { width: size.width - size.left, height: size.height - size.bottom - size.top }
  const step = inner.width / Math.max(columns.length, 1)
  const yOf = (value: number) => size.top + inner.height * (1 - value / top)
  return (
    <figure className="plot">
      <figcaption>{title}</figcaption>
      <svg
        viewBox={`0 0 ${size.width} ${size.height}`}
        role="img"
        aria-label={`${title}: ${summary ?? sumOf(heights, format)}, ${spoken(columns, heights, format)}`}
      >
        <Hatching />
        {[0, 0.5, 1].map((share) => (
          <g key={share}>
            <line
              className="grid"
              x1={size.left}
              x2={size.width}
              y1={yOf(top * share)}
              y2={yOf(top * share)}
            />
            <text className="tick" x={size.left - 6} y={yOf(top * share) + 4} textAnchor="end">
              {format(top * share)}
            </text>
          </g>
        ))}
        {columns.map((column, place) => (
          <Bar
            key={column.label}
            column={column}
            x={size.left + step * place}
            width={step}
            yOf={yOf}
          />
        ))}
        {[columns[0], columns.at(-1)].map(
          (column, place) =>
            column && (
              <text
                key={column.label}
                className="tick"
                x={place === 0 ? size.left : size.width}
                y={size.height - 5}
                textAnchor={place === 0 ? 'start' : 'end'}
              >
                {column.label}
              </text>
            ),
        )}
      </svg>
    </figure>
  )
}

/** Parts differ in more than colour. */
const Hatching = () => (
  <defs>
    <pattern id="diagonal" width="6" height="6" patternUnits="userSpaceOnUse">
      <path d="M-1 1 1-1M0 6 6 0M5 7 7 5" />
    </pattern>
    <pattern id="striped" width="6" height="4" patternUnits="userSpaceOnUse">
      <path d="M0 1H6" />
    </pattern>
  </defs>
)

type BarProps = { column: Column; x: number; width: number; yOf: (value: number) => number }

function Bar({ column: { parts }, x, width, yOf }: BarProps) {
  let below = 0
  return parts.map(({ className, value }) => {
    const [y, foot] = [yOf(below + value), yOf(below)]
    below += value
    return (
      <rect
        key={className}
        className={className}
        x={x + width * 0.12}
        width={width * 0.76}
        y={y}
        height={Math.max(foot - y, 0)}
        rx={Math.min(2, width / 4)}
      />
    )
  })
}

/** The next of 1, 2, 5, 10, 20 … */
export function niceTop(value: number): number {
  if (value <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= value) ?? 10)
}

const sumOf = (heights: readonly number[], format: (value: number) => string): string =>
  format(heights.reduce((sum, height) => sum + height, 0))

const spoken = (
  columns: readonly Column[],
  heights: readonly number[],
  format: (value: number) => string,
): string =>
  `from ${columns[0]?.label} to ${columns.at(-1)?.label}, at most ${format(Math.max(...heights, 0))} at a time`
