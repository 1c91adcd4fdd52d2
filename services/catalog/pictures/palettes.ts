/** A product's colours: the main material, the second material, and the wall behind. */
export type Colours = { main: string; trim: string; wall: string }

const oak = '#c99a5b'
const walnut = '#8a5a3b'
const brass = '#d8ab4e'
const steel = '#b9c2c9'

export const palettes = {
  harbour: { main: '#2f6fb3', trim: steel, wall: '#f6e3c5' },
  navy: { main: '#2b3f6b', trim: brass, wall: '#f3d9cb' },
  sky: { main: '#8fbfdc', trim: oak, wall: '#fbe8cf' },
  teal: { main: '#1f8a8c', trim: oak, wall: '#fadfd0' },
  moss: { main: '#5f7a45', trim: walnut, wall: '#f2e6cf' },
  sage: { main: '#9db396', trim: oak, wall: '#f7e4da' },
  mustard: { main: '#e0a62d', trim: walnut, wall: '#d5e4e6' },
  terracotta: { main: '#cf6f4a', trim: oak, wall: '#dce8e0' },
  rust: { main: '#b9502b', trim: brass, wall: '#dbe5e8' },
  signal: { main: '#d2372f', trim: steel, wall: '#e3ecef' },
  rose: { main: '#df8f9a', trim: brass, wall: '#e2ece6' },
  blush: { main: '#eeb9b2', trim: steel, wall: '#dde7ea' },
  plum: { main: '#6d3b63', trim: brass, wall: '#f4e0dc' },
  charcoal: { main: '#3d4247', trim: steel, wall: '#e9e2d6' },
  steel: { main: '#aab5bd', trim: '#4b5258', wall: '#f4dfd2' },
  sand: { main: '#d9c3a0', trim: walnut, wall: '#d3e1e4' },
  cream: { main: '#f3e6c8', trim: '#38598b', wall: '#cfe0e2' },
  chalk: { main: '#f4f3ee', trim: oak, wall: '#c9dcd9' },
  oak: { main: oak, trim: '#5c4033', wall: '#dbe6df' },
  walnut: { main: walnut, trim: brass, wall: '#ece3d3' },
  brass: { main: brass, trim: '#4b3b2a', wall: '#d4e2e3' },
} satisfies Record<string, Colours>

export type Palette = keyof typeof palettes
