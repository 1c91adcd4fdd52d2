import { createHash } from 'node:crypto'
import { type Shades, shadesOf, shadowTint } from './pictures/brush.ts'
import { palettes } from './pictures/palettes.ts'
import { shapes } from './pictures/shapes.ts'

/** Appearance of a product: a shape and a palette, by name. */
export type Look = { shape: string; palette: string }

/**
 * Draws a product's picture: SVG, 480 × 480, without scripts, fonts or references. The same look always gives the
 * same drawing; an unknown shape is drawn as a plain parcel.
 */
export function draw({ shape, palette }: Look): string {
  const thing = named(shapes, shape) ?? shapes.parcel
  const shades = shadesOf(named(palettes, palette) ?? palettes.sand)
  return [
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 480 480" width="480" height="480" role="img">',
    `<defs>${gradients(shades)}</defs>`,
    '<rect width="480" height="480" fill="url(#wall)"/>',
    '<circle cx="240" cy="222" r="176" fill="#ffffff" opacity="0.38"/>',
    '<path d="M0 368 H480 V480 H0 Z" fill="url(#table)"/>',
    thing(shades),
    '</svg>',
  ].join('')
}

/** Returns a hash of the picture. */
export const fingerprint = (svg: string): string =>
  createHash('sha256').update(svg).digest('base64url').slice(0, 16)

const named = <T>(all: Record<string, T>, name: string): T | undefined =>
  Object.hasOwn(all, name) ? all[name] : undefined

/** Light comes from the upper left. */
function gradients(c: Shades): string {
  const across = 'x1="0" y1="0" x2="1" y2="0"'
  const down = 'x1="0.3" y1="0" x2="0.6" y2="1"'
  const linear = (id: string, direction: string, ...stops: [number, string][]) =>
    `<linearGradient id="${id}" ${direction}>${stops.map(stop).join('')}</linearGradient>`
  return [
    linear('wall', 'x1="0" y1="0" x2="0.4" y2="1"', [0, c.wall], [1, c.wallDark]),
    linear('table', 'x1="0" y1="0" x2="0" y2="1"', [0, c.wallDark], [1, c.wall]),
    linear('round', across, [0, c.main], [0.22, c.light], [0.55, c.main], [1, c.dark]),
    linear('lit', down, [0, c.light], [0.45, c.main], [1, c.dark]),
    linear('trim-round', across, [0, c.trim], [0.25, c.trimLight], [0.6, c.trim], [1, c.trimDark]),
    linear('trim-lit', down, [0, c.trimLight], [0.4, c.trim], [1, c.trimDark]),
    `<radialGradient id="ball" cx="0.36" cy="0.3" r="0.8">${stop([0, c.light])}${stop([0.5, c.main])}${stop([1, c.dark])}</radialGradient>`,
    `<radialGradient id="shadow"><stop offset="0" stop-color="${shadowTint}" stop-opacity="0.42"/><stop offset="0.6" stop-color="${shadowTint}" stop-opacity="0.2"/><stop offset="1" stop-color="${shadowTint}" stop-opacity="0"/></radialGradient>`,
    '<radialGradient id="glow"><stop offset="0" stop-color="#ffe9a8" stop-opacity="0.95"/><stop offset="0.45" stop-color="#ffdf8a" stop-opacity="0.4"/><stop offset="1" stop-color="#ffdf8a" stop-opacity="0"/></radialGradient>',
  ].join('')
}

const stop = ([offset, colour]: [number, string]): string =>
  `<stop offset="${offset}" stop-color="${colour}"/>`
