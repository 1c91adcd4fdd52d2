import type { Colours } from './palettes.ts'

/** A product's colours, with lighter and darker shades. */
export type Shades = Colours & {
  light: string
  dark: string
  deep: string
  trimLight: string
  trimDark: string
  wallDark: string
}

export const paper = '#fbf5e6'
export const ink = '#2c2a33'
export const shadowTint = '#1f1b33'

export const shadesOf = ({ main, trim, wall }: Colours): Shades => ({
  main,
  trim,
  wall,
  light: mix(main, '#ffffff', 0.32),
  dark: mix(main, shadowTint, 0.25),
  deep: mix(main, shadowTint, 0.48),
  trimLight: mix(trim, '#ffffff', 0.4),
  trimDark: mix(trim, shadowTint, 0.35),
  wallDark: mix(wall, shadowTint, 0.1),
})

/** Mixes `share` of `other` into `colour`, both as #rrggbb. */
export function mix(colour: string, other: string, share: number): string {
  const channels = [1, 3, 5].map((at) => {
    const [a, b] = [colour, other].map((hex) => Number.parseInt(hex.slice(at, at + 2), 16))
    return Math.round((a ?? 0) * (1 - share) + (b ?? 0) * share)
  })
  return `#${channels.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`
}

/** Fills defined in every picture: round objects, objects lit from above, both in the second material, balls. */
export const round = 'url(#round)'
export const lit = 'url(#lit)'
export const trimRound = 'url(#trim-round)'
export const trimLit = 'url(#trim-lit)'
export const ball = 'url(#ball)'

type More = string

export const path = (d: string, fill: string, more: More = ''): string =>
  `<path d="${d}" fill="${fill}"${spaced(more)}/>`

export const line = (d: string, colour: string, width: number, more: More = ''): string =>
  `<path d="${d}" fill="none" stroke="${colour}" stroke-width="${width}" stroke-linecap="round" stroke-linejoin="round"${spaced(more)}/>`

export const oval = (
  cx: number,
  cy: number,
  rx: number,
  ry: number,
  fill: string,
  more: More = '',
): string => `<ellipse cx="${cx}" cy="${cy}" rx="${rx}" ry="${ry}" fill="${fill}"${spaced(more)}/>`

export const disc = (cx: number, cy: number, r: number, fill: string, more: More = ''): string =>
  oval(cx, cy, r, r, fill, more)

export const box = (
  x: number,
  y: number,
  width: number,
  height: number,
  r: number,
  fill: string,
  more: More = '',
): string =>
  `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="${r}" fill="${fill}"${spaced(more)}/>`

export const group = (attributes: string, ...parts: string[]): string =>
  `<g ${attributes}>${parts.join('')}</g>`

export const turned = (degrees: number, cx: number, cy: number, ...parts: string[]): string =>
  group(`transform="rotate(${degrees} ${cx} ${cy})"`, ...parts)

export const faint = (opacity: number): More => `opacity="${opacity}"`

/** The shadow of an object standing on the table. */
export const shadow = (cx: number, rx: number, cy = 400, ry = rx * 0.16): string =>
  oval(cx + 14, cy, rx * 1.15, ry, 'url(#shadow)')

/** Repeats a drawing `times` times with the index. */
export const repeat = (times: number, draw: (index: number) => string): string =>
  Array.from({ length: times }, (_, index) => draw(index)).join('')

const spaced = (more: More): string => (more ? ` ${more}` : '')
