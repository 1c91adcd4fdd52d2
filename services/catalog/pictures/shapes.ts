import { box, path, type Shades, shadow } from './brush.ts'
import { home } from './home.ts'
import { kitchen } from './kitchen.ts'
import { outside } from './outside.ts'
import { work } from './work.ts'

const parcel = (_: Shades): string =>
  [
    shadow(240, 130),
    box(120, 190, 240, 210, 8, '#c59a66'),
    path('M120 190 L150 150 L330 150 L360 190 Z', '#d8b384'),
    box(222, 150, 36, 90, 0, '#e9d3ad'),
  ].join('')

export const shapes = { ...kitchen, ...home, ...work, ...outside, parcel }

export type Shape = keyof typeof shapes
