import {
  body,
  createRoute,
  defineEvent,
  empty,
  json,
  linksTo,
  Money,
  refusal,
  wholeNumber,
  z,
} from '@sidecart/chassis/contract/openapi.ts'
import { line, paragraph, token } from '@sidecart/chassis/contract/text.ts'

export const Sku = z
  .string()
  .regex(/^[A-Z0-9-]{3,40}$/, 'upper-case letters, digits and hyphens, 3 to 40')
  .openapi('Sku', { example: 'MUG-ENAMEL-BLUE' })
export type Sku = z.infer<typeof Sku>

/** Limits of a cart and an order: different products, and pieces of each. */
export const orderLimits = { products: 50, pieces: 999 } as const
export const OrderQuantity = z.int().min(1).max(orderLimits.pieces)

const Name = line(120)
const Description = paragraph(2_000)
const Category = z
  .string()
  .max(60)
  .regex(/^[a-z]+(-[a-z]+)*$/)
const Price = z.strictObject({ ...Money.shape, amount: z.int().min(1).max(10_000_000) })
const Quantity = z.int().min(1).max(1_000_000)
const Version = z.int().min(1)

/** The public view of a product. `available` pieces can be ordered now. */
export const Product = z
  .strictObject({
    sku: Sku,
    name: Name,
    description: Description,
    category: Category,
    price: Money,
    available: z.int().min(0),
    inStock: z.boolean(),
    discontinued: z.boolean(),
    picture: z.string().openapi({ example: '/products/MUG-ENAMEL-BLUE/picture.svg' }),
    version: Version,
  })
  .openapi('Product')
export type Product = z.infer<typeof Product>

export const CategoryCount = z
  .strictObject({ category: Category, title: z.string(), products: z.int().min(0) })
  .openapi('Category')
export type CategoryCount = z.infer<typeof CategoryCount>

const InMinorUnits = wholeNumber({
  description: 'in minor units (cents)',
  min: 0,
  max: 999_999_999,
}).optional()

export const Sort = z.enum(['relevance', 'price', '-price', 'name', 'newest'])
export type Sort = z.infer<typeof Sort>

export const ProductQuery = z.strictObject({
  discontinued: z.enum(['true', 'false', 'any']).optional().openapi({
    description:
      'Also products that are no longer sold (`any`), or only these (`true`): for operators',
  }),
  q: line(200, { min: 0 }).optional(),
  category: Category.optional(),
  minPrice: InMinorUnits,
  maxPrice: InMinorUnits,
  inStock: z.enum(['true', 'false']).optional(),
  sort: Sort.optional().openapi({ description: 'relevance with `q`, otherwise name' }),
  limit: wholeNumber({ description: '24 when absent', min: 1, max: 100 }).optional(),
  cursor: token(2_000).optional().openapi({ description: '`nextCursor` of the page before' }),
})
export type ProductQuery = z.infer<typeof ProductQuery>

export const ProductPage = z
  .strictObject({
    items: z.array(Product),
    total: z.int().min(0),
    nextCursor: z.string().optional(),
    facets: z.strictObject({
      category: z.array(CategoryCount).openapi({
        description: 'Matches by category, as if no category were chosen',
      }),
    }),
  })
  .openapi('ProductPage')
export type ProductPage = z.infer<typeof ProductPage>

export const ProductChange = z
  .strictObject({
    name: Name.optional(),
    description: Description.optional(),
    price: Price.optional(),
    lowStockAt: z.int().min(0).max(1_000_000).optional(),
    discontinued: z.boolean().optional(),
  })
  .openapi('ProductChange')
export type ProductChange = z.infer<typeof ProductChange>

export const StockAdjustment = z
  .strictObject({
    delta: z
      .int()
      .min(-1_000_000)
      .max(1_000_000)
      .refine((delta) => delta !== 0, 'not zero')
      .openapi({ not: { const: 0 } } as object),
    reason: line(200),
  })
  .openapi('StockAdjustment')
export type StockAdjustment = z.infer<typeof StockAdjustment>

const pieces = {
  sku: Sku,
  onHand: z.int().min(0),
  reserved: z.int().min(0),
  sold: z.int().min(0),
  lowStockAt: z.int().min(0),
}

/** Pieces of a product by location. `onHand` can be ordered; `initial` + adjustments = onHand + reserved + sold. */
export const Stock = z.strictObject(pieces).openapi('Stock')
export type Stock = z.infer<typeof Stock>

const StockMovement = z
  .strictObject({
    kind: z.enum(['initial', 'adjusted', 'reserved', 'released', 'sold']).openapi({
      description: 'released: given back, by a cancelled order or by a refunded one',
    }),
    onHand: z.int(),
    reserved: z.int(),
    sold: z.int(),
    orderId: z.uuid().optional(),
    reason: z.string().optional(),
    operatorId: z.uuid().optional().openapi({ description: 'Who adjusted the stock' }),
    at: z.iso.datetime(),
  })
  .openapi('StockMovement')

export const StockReport = z
  .strictObject({
    ...pieces,
    movements: z.array(StockMovement).openapi({ description: 'The last 100, newest first' }),
  })
  .openapi('StockReport')
export type StockReport = z.infer<typeof StockReport>

/** Stock movements of an order, oldest first. */
export const OrderStock = z
  .strictObject({
    reservation: z
      .strictObject({
        status: z.enum(['reserved', 'refused', 'released', 'sold']),
        returned: z.literal(true).optional().openapi({
          description: 'The order was confirmed, and its goods are back on hand after a refund.',
        }),
        refusal: z.string().optional(),
        at: z.iso.datetime(),
        changedAt: z.iso.datetime(),
      })
      .optional(),
    movements: z.array(
      StockMovement.omit({ orderId: true, reason: true, operatorId: true }).extend({ sku: Sku }),
    ),
  })
  .openapi('OrderStock')
export type OrderStock = z.infer<typeof OrderStock>

/** Lines wanted by an order. Lines with the same sku are added up. */
export const ReservationRequest = z
  .strictObject({
    lines: z
      .array(z.strictObject({ sku: Sku, quantity: Quantity }))
      .min(1)
      .max(100),
  })
  .openapi('ReservationRequest')
export type ReservationRequest = z.infer<typeof ReservationRequest>

const ReservedLine = z
  .strictObject({ sku: Sku, name: z.string(), quantity: z.int().min(1), unitPrice: Money })
  .openapi('ReservedLine')

/** Either all lines are reserved at these prices, or none. The same order always gets the same reply. */
export const ReservationReply = z
  .discriminatedUnion('outcome', [
    z.strictObject({ outcome: z.literal('reserved'), lines: z.array(ReservedLine), total: Money }),
    z.strictObject({
      outcome: z.literal('refused'),
      code: z.enum(['out-of-stock', 'unknown-sku', 'discontinued', 'released']),
      sku: Sku.optional().openapi({ description: 'The line at fault; absent for `released`' }),
    }),
  ])
  .openapi('ReservationReply')
export type ReservationReply = z.infer<typeof ReservationReply>

const ReleaseReply = z.strictObject({ outcome: z.literal('released') }).openapi('ReleaseReply')
const ReturnReply = z.strictObject({ outcome: z.literal('returned') }).openapi('ReturnReply')

export const KnownProduct = z
  .strictObject({
    sku: Sku,
    name: z.string(),
    price: Money,
    available: z.int().min(0),
    discontinued: z.boolean(),
  })
  .openapi('KnownProduct')
export type KnownProduct = z.infer<typeof KnownProduct>

const bySku = { params: z.strictObject({ sku: Sku }) }
const byOrder = { params: z.strictObject({ orderId: z.uuid() }) }
const tagged = { headers: z.object({ etag: z.string() }) }
const tags = ['catalog']
const operator = { tags, security: [{ bearer: [] }] }
const internal = { tags: ['internal'] }

export const catalogRoutes = {
  list: createRoute({
    method: 'get',
    path: '/products',
    tags,
    summary: 'Search and browse products',
    request: { query: ProductQuery },
    responses: {
      200: {
        ...json(ProductPage),
        links: {
          ...linksTo({ cursor: '$response.body#/nextCursor' }, { nextPage: 'get /products' }),
          ...linksTo(
            { sku: '$response.body#/items/0/sku' },
            {
              product: 'get /products/{sku}',
              picture: 'get /products/{sku}/picture.svg',
              change: 'patch /products/{sku}',
              stock: 'get /products/{sku}/stock',
              adjustStock: 'post /products/{sku}/stock',
            },
          ),
        },
      },
      422: refusal(
        '`invalid-cursor`: the cursor belongs to another `sort`; start at the first page',
      ),
    },
  }),
  find: createRoute({
    method: 'get',
    path: '/products/{sku}',
    tags,
    summary: 'A product',
    request: {
      ...bySku,
      headers: z.object({ 'if-none-match': token(1_000).optional() }),
    },
    responses: { 200: { ...json(Product), ...tagged }, 304: empty('Not modified') },
  }),
  picture: createRoute({
    method: 'get',
    path: '/products/{sku}/picture.svg',
    tags,
    summary: 'The picture of a product',
    request: bySku,
    responses: {
      200: { content: { 'image/svg+xml': { schema: z.string() } }, description: 'SVG, 480 × 480' },
      304: empty('Not modified'),
    },
  }),
  categories: createRoute({
    method: 'get',
    path: '/categories',
    tags,
    summary: 'Categories and how many products each has',
    responses: { 200: json(z.strictObject({ categories: z.array(CategoryCount) })) },
  }),
  change: createRoute({
    method: 'patch',
    path: '/products/{sku}',
    ...operator,
    summary: 'Change a product (operator)',
    request: {
      ...bySku,
      headers: z.object({
        'if-match': token(1_000).optional().openapi({
          description:
            'ETags that were read, or versions of the product as in "3": change only these; otherwise 412',
        }),
      }),
      body: body(ProductChange),
    },
    responses: {
      200: { ...json(Product), ...tagged },
      412: refusal('`version-mismatch`: the product has changed since it was read'),
    },
  }),
  adjustStock: createRoute({
    method: 'post',
    path: '/products/{sku}/stock',
    ...operator,
    summary: 'Add or take pieces (operator)',
    request: {
      ...bySku,
      headers: z.object({
        'idempotency-key': token(200).optional().openapi({
          description: 'The same key is the same adjustment of this product, for ever',
        }),
      }),
      body: body(StockAdjustment),
    },
    responses: {
      200: json(Stock),
      409: refusal('`stock-below-zero`: there is not that much on hand'),
      422: refusal('`idempotency-key-reused`: the key belongs to another adjustment'),
    },
  }),
  stock: createRoute({
    method: 'get',
    path: '/products/{sku}/stock',
    ...operator,
    summary: 'Where the pieces of a product are, and how they got there (operator)',
    request: bySku,
    responses: { 200: json(StockReport) },
  }),
  orderStock: createRoute({
    method: 'get',
    path: '/catalog/orders/{orderId}',
    ...operator,
    summary: 'What an order has done to the stock (operator)',
    request: byOrder,
    responses: { 200: json(OrderStock) },
  }),
  reserve: createRoute({
    method: 'put',
    path: '/internal/reservations/{orderId}',
    ...internal,
    summary: 'Hold all lines of an order, or none',
    request: { ...byOrder, body: body(ReservationRequest) },
    responses: { 200: json(ReservationReply) },
  }),
  release: createRoute({
    method: 'delete',
    path: '/internal/reservations/{orderId}',
    ...internal,
    summary: 'Give back what an order holds; a later reserve for it is refused',
    request: byOrder,
    responses: { 200: json(ReleaseReply) },
  }),
  /** Safe to repeat until answered: the goods return to stock once. */
  returnGoods: createRoute({
    method: 'put',
    path: '/internal/reservations/{orderId}/return',
    ...internal,
    summary: 'Put the goods of a refunded order back on hand, reserved or sold',
    request: byOrder,
    responses: { 200: json(ReturnReply) },
  }),
  lookUp: createRoute({
    method: 'get',
    path: '/internal/products',
    ...internal,
    summary: 'Which of these products exist, at what price',
    request: {
      query: z.strictObject({
        skus: z
          .string()
          .regex(/^[A-Z0-9-]{3,40}(,[A-Z0-9-]{3,40}){0,99}$/, '1 to 100 SKUs, comma-separated')
          .openapi({ example: 'MUG-ENAMEL-BLUE,LAMP-DESK-BRASS' }),
      }),
    },
    responses: { 200: json(z.strictObject({ known: z.array(KnownProduct) })) },
  }),
}

export const catalogEvents = {
  productChanged: defineEvent(
    'catalog-product-changed-v1',
    z.object({
      sku: Sku,
      name: z.string(),
      description: z.string(),
      category: z.string(),
      price: Money,
      discontinued: z.boolean(),
      version: Version,
    }),
    'sku',
  ),
  stockLow: defineEvent(
    'catalog-stock-low-v1',
    z.object({ sku: Sku, name: z.string(), onHand: z.int().min(0), lowStockAt: z.int().min(0) }),
    'sku',
  ),
}
