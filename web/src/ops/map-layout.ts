import type { CallEdge, EventEdge } from '@sidecart/operations/contract.ts'

/* The map's plane in SVG units; positions are fractions of the plane. */
export const plane = { width: 1000, height: 500 }
const centre = { x: plane.width / 2, y: plane.height / 2 }
const radius = { x: 410, y: 196 }

export type Point = { x: number; y: number }

/** Services in a ring around the broker, the first one on the left. */
export function ringOf(names: readonly string[]): Map<string, Point> {
  return new Map(
    names.map((name, place) => {
      const angle = Math.PI + (2 * Math.PI * place) / names.length
      return [
        name,
        { x: centre.x + radius.x * Math.cos(angle), y: centre.y + radius.y * Math.sin(angle) },
      ]
    }),
  )
}

/** A call bends a little towards the middle. */
export function callPath(from: Point, to: Point): string {
  const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 }
  const bent = towards(middle, centre, 0.3)
  return `M${at(from)}Q${at(bent)} ${at(shortened(bent, to))}`
}

/** An event goes through the broker in the middle. */
export const eventPath = (from: Point, to: Point): string =>
  `M${at(from)}C${at(centre)} ${at(centre)} ${at(shortened(centre, to))}`

const towards = (from: Point, to: Point, share: number): Point => ({
  x: from.x + (to.x - from.x) * share,
  y: from.y + (to.y - from.y) * share,
})

/** Half the size of a card in SVG units, approximately. */
const half = { x: 86, y: 50 }

/** Returns the point on the edge of a card where a line from another point ends. */
function shortened(from: Point, to: Point): Point {
  const [dx, dy] = [from.x - to.x, from.y - to.y]
  const share = Math.min(
    dx === 0 ? Number.POSITIVE_INFINITY : half.x / Math.abs(dx),
    dy === 0 ? Number.POSITIVE_INFINITY : half.y / Math.abs(dy),
  )
  return towards(to, from, Math.min(share, 1))
}

const at = ({ x, y }: Point): string => `${x.toFixed(1)} ${y.toFixed(1)}`

export const touches = (name: string | undefined, { from, to }: CallEdge | EventEdge): boolean =>
  name === from || name === to
