import { describe, expect, it } from 'vitest'
import { palettes } from './pictures/palettes.ts'
import { shapes } from './pictures/shapes.ts'
import { draw, fingerprint } from './pictures.ts'
import { seedProducts } from './seed.ts'

const everyLook = Object.keys(shapes).flatMap((shape) =>
  Object.keys(palettes).map((palette) => ({ shape, palette })),
)

describe('a picture', () => {
  it('is different for every look', () => {
    const shapesBut = everyLook.filter(({ shape }) => shape !== 'parcel')
    expect(new Set(shapesBut.map(draw)).size).toBe(shapesBut.length)
  })

  it('is the same for the same look, and so is its fingerprint', () => {
    const look = { shape: 'teapot', palette: 'rust' }
    expect(draw(look)).toBe(draw({ ...look }))
    expect(fingerprint(draw(look))).toBe(fingerprint(draw(look)))
    expect(fingerprint(draw(look))).not.toBe(fingerprint(draw({ ...look, palette: 'teal' })))
  })

  it('refers to nothing outside itself and runs nothing', () => {
    for (const look of everyLook) {
      const svg = draw(look)
      expect(svg.replace('http://www.w3.org/2000/svg', '')).not.toMatch(
        /https?:|href|<script|<image|<style|\son\w+=|NaN|undefined/,
      )
      for (const [, name] of svg.matchAll(/url\(#([\w-]+)\)/g))
        expect(svg).toContain(`id="${name}"`)
    }
  })

  it('is well-formed and small', () => {
    for (const look of everyLook) {
      const svg = draw(look)
      expect(svg.match(/<g[ >]/g)?.length ?? 0).toBe(svg.match(/<\/g>/g)?.length ?? 0)
      expect(svg.replace(/<[^<>]*>/g, '')).toBe('')
      expect(svg.length).toBeLessThan(12_000)
    }
  })

  it('of a look that nobody has drawn yet is a parcel', () => {
    const parcel = draw({ shape: 'parcel', palette: 'sand' })
    expect(draw({ shape: 'submarine', palette: 'ultraviolet' })).toBe(parcel)
    expect(draw({ shape: 'constructor', palette: '__proto__' })).toBe(parcel)
  })
})

describe('the seeded catalogue', () => {
  it('has at least 60 products, each with a sku and a look of its own', () => {
    expect(seedProducts.length).toBeGreaterThanOrEqual(60)
    expect(new Set(seedProducts.map(({ sku }) => sku)).size).toBe(seedProducts.length)
    expect(new Set(seedProducts.map(draw)).size).toBe(seedProducts.length)
  })

  it('uses every shape', () => {
    const used = new Set<string>(seedProducts.map(({ shape }) => shape))
    expect(Object.keys(shapes).filter((shape) => !used.has(shape))).toEqual(['parcel'])
  })

  it('has 20 to 500 pieces of each, and 5,000 blue mugs', () => {
    for (const { sku, stock, lowStockAt, price } of seedProducts) {
      expect(stock, sku).toBeGreaterThanOrEqual(20)
      expect(stock, sku).toBeLessThanOrEqual(sku === 'MUG-ENAMEL-BLUE' ? 5_000 : 500)
      expect(lowStockAt, sku).toBeLessThan(stock)
      expect(price, sku).toBeGreaterThan(0)
    }
    expect(seedProducts.find(({ sku }) => sku === 'MUG-ENAMEL-BLUE')?.stock).toBe(5_000)
  })
})
