import type { Palette } from './pictures/palettes.ts'
import type { Shape } from './pictures/shapes.ts'
import { home } from './seed/home.ts'
import { kitchen } from './seed/kitchen.ts'
import { outside } from './seed/outside.ts'
import { work } from './seed/work.ts'

/** A product with its first stock. Prices in cents. */
export type SeedProduct = {
  sku: string
  name: string
  description: string
  category: string
  price: number
  shape: Shape
  palette: Palette
  stock: number
  lowStockAt: number
}

/** Demo products of a new shop, oldest first. Existing products stay unchanged. */
export const seedProducts: readonly SeedProduct[] = [...kitchen, ...home, ...work, ...outside].map(
  (product) => ({ ...product, lowStockAt: Math.max(5, Math.round(product.stock / 10)) }),
)
