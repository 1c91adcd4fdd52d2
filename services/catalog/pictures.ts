import { createHash } from 'node:crypto'
export type Look = { shape: string; palette: string }
export const draw = (look: Look): string =>
  `<svg xmlns="http://www.w3.org/2000/svg"><title>${look.shape}</title></svg>`
export const fingerprint = (svg: string): string =>
  createHash('sha256').update(svg).digest('base64url').slice(0, 16)
