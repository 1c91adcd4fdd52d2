import { type TestDatabase, testDatabase } from '@sidecart/testing/database.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type CategoryCount,
  catalogEvents,
  type Product,
  type ProductPage,
  type StockReport,
} from './contract.ts'
import { seedProducts } from './seed.ts'
import { openTestCatalog, product, type TestCatalog } from './testing.ts'

const someone = '018f0000-0000-7000-8000-00000000000a'
let place: TestDatabase
let shop: TestCatalog
let asOperator: Record<string, string>

beforeAll(async () => {
  place = await testDatabase('catalog')
  shop = await openTestCatalog(place.url)
  await shop.store.products.seed(seedProducts)
  asOperator = await shop.tokens.bearer(someone, 'operator')
})
afterAll(async () => {
  await shop.close()
  await place.dispose()
})

async function get<T>(path: string, headers: Record<string, string> = {}): Promise<T> {
  const answer = await shop.app.request(path, { headers })
  expect(answer.status).toBe(200)
  return (await answer.json()) as T
}

const send = (method: string, path: string, body: unknown, headers = asOperator) =>
  shop.app.request(path, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })

const problemOf = async (answer: Response) => [
  answer.status,
  ((await answer.json()) as { code: string }).code,
]

const skus = (page: ProductPage) => page.items.map(({ sku }) => sku)
const search = (query: string) => get<ProductPage>(`/products?${query}`)

describe('the seeded catalogue', () => {
  it('is added once, however often the service starts', async () => {
    expect(await shop.store.products.seed(seedProducts)).toBe(0)
    const { total } = await search('')
    expect(total).toBe(seedProducts.length)
  })

  it('has its first stock in the movements', async () => {
    const report = await get('/products/MUG-ENAMEL-BLUE/stock', asOperator)
    expect(report).toMatchObject({
      onHand: 5000,
      reserved: 0,
      sold: 0,
      movements: [{ kind: 'initial', onHand: 5000, reserved: 0, sold: 0 }],
    })
  })
})

describe('browsing', () => {
  it('shows a product with its price, what is available and its picture', async () => {
    expect(await get('/products/LAMP-DESK-BRASS')).toEqual({
      sku: 'LAMP-DESK-BRASS',
      name: 'Desk lamp, brass',
      description: expect.stringContaining('spun shade'),
      category: 'lighting',
      price: { amount: 8900, currency: 'EUR' },
      available: 90,
      inStock: true,
      discontinued: false,
      picture: '/products/LAMP-DESK-BRASS/picture.svg',
      version: 1,
    })
  })

  it('answers 404 for a product that does not exist and 400 for what cannot be a sku', async () => {
    expect(await problemOf(await shop.app.request('/products/NO-SUCH'))).toEqual([404, 'not-found'])
    expect(await problemOf(await shop.app.request('/products/no%20such'))).toEqual([
      400,
      'invalid-request',
    ])
  })

  it('counts products by category', async () => {
    const { categories } = await get<{ categories: CategoryCount[] }>('/categories')
    expect(categories).toContainEqual({ category: 'lighting', title: 'Lighting', products: 7 })
    const counted = categories.reduce((sum, { products }) => sum + products, 0)
    expect(counted).toBe(seedProducts.length)
  })

  it.each(['name', 'price', '-price', 'newest'])(
    'pages through everything once, sorted by %s',
    async (sort) => {
      const seen: Product[] = []
      let cursor: string | undefined
      do {
        const page: ProductPage = await search(
          `sort=${sort}&limit=10${cursor ? `&cursor=${cursor}` : ''}`,
        )
        expect(page.total).toBe(seedProducts.length)
        seen.push(...page.items)
        cursor = page.nextCursor
      } while (cursor)
      const all = (await search(`sort=${sort}&limit=100`)).items
      expect(seen).toEqual(all)
      expect(seen).toHaveLength(seedProducts.length)
    },
  )

  it('sorts by price, dearest first', async () => {
    const { items } = await search('sort=-price&limit=100')
    const prices = items.map(({ price }) => price.amount)
    expect(prices).toEqual(prices.toSorted((a, b) => b - a))
  })

  it('keeps its place in the list when a product before it goes', async () => {
    await shop.store.products.seed(
      ['AAA', 'BBB', 'CCC', 'DDD'].map((sku) =>
        product(`PLACE-${sku}`, { name: `Place ${sku}`, category: 'places' }),
      ),
    )
    const first = await search('category=places&limit=2')
    await send('PATCH', '/products/PLACE-AAA', { discontinued: true })
    const second = await search(`category=places&limit=2&cursor=${first.nextCursor}`)
    expect(skus(second)).toEqual(['PLACE-CCC', 'PLACE-DDD'])
    expect(second.nextCursor).toBeUndefined()
  })

  it('refuses a cursor of another order, a made-up one and unknown parameters', async () => {
    const { nextCursor } = await search('sort=price&limit=2')
    const refusals = [
      `sort=name&cursor=${nextCursor}`,
      'cursor=nonsense',
      'limit=101',
      'limit=0',
      'colour=blue',
    ].map(async (query) => problemOf(await shop.app.request(`/products?${query}`)))
    expect(await Promise.all(refusals)).toEqual([
      [422, 'invalid-cursor'],
      [422, 'invalid-cursor'],
      [400, 'invalid-request'],
      [400, 'invalid-request'],
      [400, 'invalid-request'],
    ])
  })

  it('filters by category, price and stock, and counts the other categories too', async () => {
    await shop.store.products.seed([
      product('LAMP-SOLD-OUT', { category: 'lighting', price: 100, stock: 0 }),
    ])
    const lamps = await search('category=lighting&minPrice=3450&maxPrice=7900&sort=price')
    expect(lamps.items.map(({ price }) => price.amount)).toEqual([3450, 3450, 7900, 7900])
    expect(lamps.facets.category.map(({ category }) => category)).toContain('kitchen')
    expect(lamps.facets.category).toContainEqual({
      category: 'lighting',
      title: 'Lighting',
      products: 4,
    })
    expect(skus(await search('category=lighting&inStock=false'))).toEqual(['LAMP-SOLD-OUT'])
    expect(skus(await search('category=lighting&inStock=true'))).not.toContain('LAMP-SOLD-OUT')
  })
})

describe('searching', () => {
  it('finds words in names before words in descriptions', async () => {
    const { items, total } = await search('q=lantern')
    expect(
      skus({ items } as ProductPage)
        .slice(0, 2)
        .toSorted(),
    ).toEqual(['LANTERN-STORM-RED', 'LANTERN-STORM-SAGE'])
    expect(total).toBe(2)
  })

  it('finds beginnings of words, plurals, and all words in any order', async () => {
    expect(skus(await search('q=headph'))).toHaveLength(3)
    expect(skus(await search('q=mugs'))).toContain('MUG-STONEWARE-MOSS')
    expect(skus(await search('q=blue+harb+enamel'))).toEqual(['MUG-ENAMEL-BLUE'])
    expect(skus(await search('q=MUG-ENAMEL-CREAM'))).toEqual(['MUG-ENAMEL-CREAM'])
  })

  it('finds by category and within one', async () => {
    expect((await search('q=stationery')).total).toBe(7)
    const { items, facets } = await search('q=blue&category=cycling')
    expect(skus({ items } as ProductPage)).toEqual(['BELL-BICYCLE-HARBOUR'])
    expect(facets.category.length).toBeGreaterThan(1)
  })

  it('forgives a typing error when nothing matches exactly', async () => {
    expect(skus(await search('q=headfones'))).toContain('HEADPHONES-STUDIO-CHARCOAL')
    expect(skus(await search('q=enamal'))).toContain('MUG-ENAMEL-CREAM')
    expect((await search('q=zeppelin')).total).toBe(0)
  })

  it('takes any text, also what means something to a query language', async () => {
    for (const q of ["'; drop table products --", '!!! & | (', 'a:*<->b', '%', 'the'])
      expect((await search(`q=${encodeURIComponent(q)}`)).items).toBeInstanceOf(Array)
  })

  it('pages by relevance', async () => {
    const all = skus(await search('q=steel&limit=100'))
    const first = await search('q=steel&limit=5')
    const second = await search(`q=steel&limit=100&cursor=${first.nextCursor}`)
    expect([...skus(first), ...skus(second)]).toEqual(all)
    expect(all.length).toBeGreaterThan(5)
  })
})

describe('search for people who type as they can', () => {
  const named = (names: readonly string[], prefix: string) =>
    shop.store.products.seed(
      names.map((name, place) => product(`${prefix}-${place}`, { name, description: 'Dessert.' })),
    )
  const names = async (query: string) => (await search(query)).items.map(({ name }) => name)

  it('finds names without accents, and what was typed with other ones', async () => {
    await named(['Crème brûlée dish', 'Smørrebrød straße board'], 'ACCENT')
    for (const q of ['creme brulee', 'crème brulee', 'CRÉME BRULÈE', 'cre\u0300me', 'brul'])
      expect(await names(`q=${encodeURIComponent(q)}`), q).toContain('Crème brûlée dish')
    for (const q of ['smorrebrod', 'strasse', 'Straße'])
      expect(await names(`q=${encodeURIComponent(q)}`), q).toContain('Smørrebrød straße board')
    expect(await names('q=creme%20brulet'), 'a typing error').toContain('Crème brûlée dish')
  })

  it('finds decimals, however they are written', async () => {
    await named(['Jug of 1.5 litres', 'Jug of 2,5 l', 'Jug of 15 litres', 'Flask 0.75l'], 'DECIMAL')
    const only = async (typed: readonly string[], wanted: string) => {
      for (const q of typed) {
        const found = await names(`q=${encodeURIComponent(q)}`)
        // other products may mention the same capacity
        expect(
          found.filter((name) => /^(Jug of|Flask) /.test(name)),
          q,
        ).toEqual([wanted])
      }
    }
    await only(['1.5 litres', '1,5 litres', 'jug 1.5'], 'Jug of 1.5 litres')
    await only(['2.5 l', '2,5', '2.5'], 'Jug of 2,5 l')
    await named(['Flask 4-7 set'], 'RANGE')
    await only(['4-7 set', '7 set 4'], 'Flask 4-7 set')
    await only(['0.75', '0,75 l', '0.75l'], 'Flask 0.75l')
  })

  it('sorts names as people do, also from page to page', async () => {
    const sorted = ['apple', 'Äpfel', 'Éclair', 'eclair 2', 'eclair 10', 'Zebra', 'Ökonom']
    await named(
      sorted.toReversed().map((name) => `zzsort ${name}`),
      'SORT',
    )
    const seen: string[] = []
    let cursor = ''
    do {
      const page = await search(`q=zzsort&sort=name&limit=2${cursor}`)
      seen.push(...page.items.map(({ name }) => name.replace('zzsort ', '')))
      cursor = page.nextCursor ? `&cursor=${page.nextCursor}` : ''
    } while (cursor)
    expect(seen).toEqual(['Äpfel', 'apple', 'Éclair', 'eclair 2', 'eclair 10', 'Ökonom', 'Zebra'])
  })

  it('goes on after a name as long as names may be', async () => {
    await named(
      ['a', 'b'].map((end) => `zzlong ${'€'.repeat(110)}${end}`),
      'LONG',
    )
    const first = await search('q=zzlong&sort=name&limit=1')
    expect(
      (await search(`q=zzlong&sort=name&limit=1&cursor=${first.nextCursor}`)).items,
    ).toHaveLength(1)
  })
})

describe('discontinued products', () => {
  it('are listed for operators only', async () => {
    await shop.store.products.seed([product('GONE', { name: 'Zzgone lamp' })])
    const operator = await shop.tokens.bearer(someone, 'operator')
    expect((await send('PATCH', '/products/GONE', { discontinued: true }, operator)).status).toBe(
      200,
    )
    const list = async (query: string, headers = {}) =>
      shop.app.request(`/products?q=zzgone&${query}`, { headers })
    const skusOf = async (answer: Response) => skus((await answer.json()) as never)
    expect(await skusOf(await list('limit=9'))).toEqual([])
    for (const which of ['any', 'true'])
      expect(await skusOf(await list(`discontinued=${which}`, operator)), which).toEqual(['GONE'])
    expect(await skusOf(await list('discontinued=false', operator))).toEqual([])
    expect((await list('discontinued=any')).status).toBe(401)
    expect((await list('discontinued=any', await shop.tokens.bearer(someone))).status).toBe(403)
    expect((await list('discontinued=maybe', operator)).status).toBe(400)
  })
})

const forASecond = 'public, max-age=0, s-maxage=1, must-revalidate'

describe('caches shared by many clients', () => {
  it('keep for a second what everybody is answered alike', async () => {
    for (const path of ['/products?limit=3', '/categories']) {
      const answer = await shop.app.request(path)
      expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, forASecond])
    }
  })

  it('do not keep what only operators are answered, nor a refusal', async () => {
    const operator = await shop.tokens.bearer(someone, 'operator')
    const answer = await shop.app.request('/products?discontinued=any', { headers: operator })
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store'])
    for (const path of ['/products?limit=many', '/products/NO-SUCH-THING']) {
      const refusal = await shop.app.request(path)
      expect(refusal.status).toBeGreaterThanOrEqual(400)
      expect(refusal.headers.get('cache-control')).toBe('no-store')
    }
  })
})

describe('conditional requests (RFC 9110)', () => {
  const path = '/products/TAGGED'
  const get = (ifNoneMatch?: string) =>
    shop.app.request(path, ifNoneMatch ? { headers: { 'if-none-match': ifNoneMatch } } : {})

  it('a product has an ETag, and is not sent again to who knows it', async () => {
    await shop.store.products.seed([product('TAGGED')])
    const answer = await get()
    const etag = String(answer.headers.get('etag'))
    expect(etag).toMatch(/^"[^"]+"$/)
    expect(answer.headers.get('cache-control')).toBe(forASecond)
    for (const known of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const again = await get(known)
      expect([again.status, await again.text(), again.headers.get('etag')], known).toEqual([
        304,
        '',
        etag,
      ])
    }
    for (const unknown of ['"x"', 'W/"x"', 'nonsense'])
      expect((await get(unknown)).status).toBe(200)
  })

  it('a change is made to what was seen only', async () => {
    const operator = await shop.tokens.bearer(someone, 'operator')
    const etag = String((await get()).headers.get('etag'))
    const change = async (ifMatch: string, name: string) =>
      (await send('PATCH', path, { name }, { ...operator, 'if-match': ifMatch })).status
    expect(await change('"0"', 'a')).toBe(412)
    expect(await change(`W/${etag}`, 'a')).toBe(412)
    expect(await change('nonsense', 'a')).toBe(412)
    expect(await change(`"x", ${etag}`, 'b')).toBe(200)
    expect(await change(etag, 'c')).toBe(412)
    expect(await change('*', 'd')).toBe(200)
  })
})

describe('pictures', () => {
  it('are SVG that caches may keep', async () => {
    const answer = await shop.app.request('/products/MUG-ENAMEL-BLUE/picture.svg')
    expect(answer.headers.get('content-type')).toBe('image/svg+xml; charset=utf-8')
    expect(answer.headers.get('cache-control')).toBe('public, max-age=86400')
    expect(await answer.text()).toMatch(/^<svg .*<\/svg>$/s)
    const again = await shop.app.request('/products/MUG-ENAMEL-BLUE/picture.svg', {
      headers: { 'if-none-match': answer.headers.get('etag') as string },
    })
    expect([again.status, await again.text()]).toEqual([304, ''])
    expect((await shop.app.request('/products/NO-SUCH/picture.svg')).status).toBe(404)
  })
})

describe('changing a product', () => {
  const price = { amount: 1290, currency: 'EUR' }

  it('is for operators', async () => {
    const customer = await shop.tokens.bearer(someone)
    const path = '/products/BOWL-STONEWARE-SKY'
    expect(await problemOf(await send('PATCH', path, { price }, {}))).toEqual([
      401,
      'unauthenticated',
    ])
    expect(await problemOf(await send('PATCH', path, { price }, customer))).toEqual([
      403,
      'forbidden',
    ])
    const stock = { delta: 1, reason: 'found' }
    expect((await send('POST', `${path}/stock`, stock, customer)).status).toBe(403)
    expect((await shop.app.request(`${path}/stock`, { headers: customer })).status).toBe(403)
    expect((await shop.app.request('/catalog/dead-letters', { headers: customer })).status).toBe(
      403,
    )
  })

  it('raises its version and is emitted; changing nothing is not', async () => {
    await shop.store.products.seed([product('CHANGING', { name: 'Changing', price: 1000 })])
    const first = await send('PATCH', '/products/CHANGING', { price })
    expect(await first.json()).toMatchObject({ price, version: 2, available: 10 })
    const second = await send('PATCH', '/products/CHANGING', { price })
    expect(await second.json()).toMatchObject({ version: 2 })
    expect(await shop.emitted(catalogEvents.productChanged.topic)).toContainEqual({
      sku: 'CHANGING',
      name: 'Changing',
      description: 'A thing.',
      category: 'kitchen',
      price,
      discontinued: false,
      version: 2,
    })
  })

  it('can be tied to a version', async () => {
    await shop.store.products.seed([product('VERSIONED')])
    const change = (version: string, name: string) =>
      send('PATCH', '/products/VERSIONED', { name }, { ...asOperator, 'if-match': version })
    expect((await change('"1"', 'First')).status).toBe(200)
    expect(await problemOf(await change('"1"', 'Second'))).toEqual([412, 'version-mismatch'])
    expect((await change('2', 'Second')).status).toBe(200)
  })

  it('is found under its new name, and not at all when discontinued', async () => {
    await shop.store.products.seed([product('RENAMED')])
    await send('PATCH', '/products/RENAMED', { name: 'Astrolabe' })
    expect(skus(await search('q=astrolabe'))).toEqual(['RENAMED'])
    await send('PATCH', '/products/RENAMED', { discontinued: true })
    expect((await search('q=astrolabe')).total).toBe(0)
    expect(await get('/products/RENAMED')).toMatchObject({ discontinued: true, inStock: false })
  })

  it('refuses unknown fields, free products and products that do not exist', async () => {
    const path = '/products/BOWL-STONEWARE-SKY'
    expect((await send('PATCH', path, { stock: 5 })).status).toBe(400)
    expect((await send('PATCH', path, { price: { amount: 0, currency: 'EUR' } })).status).toBe(400)
    expect((await send('PATCH', '/products/NO-SUCH', { name: 'x' })).status).toBe(404)
  })
})

describe('adjusting stock', () => {
  const adjust = (sku: string, delta: number, headers: Record<string, string> = {}) =>
    send(
      'POST',
      `/products/${sku}/stock`,
      { delta, reason: 'count' },
      { ...asOperator, ...headers },
    )

  it('is in the movements and keeps them balanced', async () => {
    await shop.store.products.seed([product('ADJUSTED')])
    expect(await (await adjust('ADJUSTED', 5)).json()).toMatchObject({ onHand: 15 })
    expect(await (await adjust('ADJUSTED', -15)).json()).toMatchObject({ onHand: 0 })
    expect(await get('/products/ADJUSTED/stock', asOperator)).toMatchObject({
      onHand: 0,
      movements: [
        { kind: 'adjusted', onHand: -15, reason: 'count' },
        { kind: 'adjusted', onHand: 5, reason: 'count' },
        { kind: 'initial', onHand: 10 },
      ],
    })
  })

  it('is recorded with the operator who did it', async () => {
    await shop.store.products.seed([product('WHOSE')])
    const another = '018f0000-0000-7000-8000-00000000000b'
    await adjust('WHOSE', 1)
    await adjust('WHOSE', 2, await shop.tokens.bearer(another, 'operator'))
    const report = await get<StockReport>('/products/WHOSE/stock', asOperator)
    expect(report.movements.map(({ onHand, operatorId }) => [onHand, operatorId])).toEqual([
      [2, another],
      [1, someone],
      [10, undefined],
    ])
  })

  it('never goes below zero', async () => {
    await shop.store.products.seed([product('FEW', { stock: 3 })])
    expect(await problemOf(await adjust('FEW', -4))).toEqual([409, 'stock-below-zero'])
    expect(await get('/products/FEW/stock', asOperator)).toMatchObject({ onHand: 3 })
    expect((await adjust('FEW', 0)).status).toBe(400)
    expect((await adjust('NO-SUCH', 1)).status).toBe(404)
  })

  it('happens once per Idempotency-Key', async () => {
    await shop.store.products.seed([product('ONCE')])
    const key = { 'idempotency-key': 'delivery-17' }
    const answers = await Promise.all([1, 2, 3].map(() => adjust('ONCE', 5, key)))
    for (const answer of answers) expect(await answer.json()).toMatchObject({ onHand: 15 })
    expect(await problemOf(await adjust('ONCE', 6, key))).toEqual([422, 'idempotency-key-reused'])
    expect(await get('/products/ONCE/stock', asOperator)).toMatchObject({ onHand: 15 })
  })

  it('emits low stock when it falls below its mark', async () => {
    await shop.store.products.seed([product('DWINDLING', { name: 'Dwindling', lowStockAt: 5 })])
    await adjust('DWINDLING', -6)
    await adjust('DWINDLING', -1)
    const events = await shop.emitted(catalogEvents.stockLow.topic)
    const event = { sku: 'DWINDLING', name: 'Dwindling', onHand: 4, lowStockAt: 5 }
    expect(events.filter(({ sku }) => sku === 'DWINDLING')).toEqual([event])
  })
})

describe('looking up for other services', () => {
  it('knows what exists, at what price', async () => {
    const { known } = await get<{ known: unknown[] }>(
      '/internal/products?skus=TENT-RIDGE-MOSS,NO-SUCH',
    )
    expect(known).toEqual([
      {
        sku: 'TENT-RIDGE-MOSS',
        name: 'Ridge tent for two',
        price: { amount: 32900, currency: 'EUR' },
        available: 35,
        discontinued: false,
      },
    ])
  })
})
