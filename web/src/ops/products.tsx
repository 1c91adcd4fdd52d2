import type { catalogRoutes, Product } from '@sidecart/catalog/contract.ts'
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ask } from '../api/client.ts'
import { mine } from '../api/queries.ts'
import { randomId } from '../api/random-id.ts'
import { centsOf } from '../shop/listing.ts'
import { Picture } from '../shop/picture.tsx'
import { Button } from '../ui/button.tsx'
import { formatMoment } from '../ui/dates.ts'
import { TextField } from '../ui/field.tsx'
import { formatMoney } from '../ui/money.ts'
import { Outage, Refused } from '../ui/notice.tsx'
import { toast } from '../ui/toasts.tsx'
import { useForm } from '../ui/use-form.ts'
import { stockedProductsQuery, stockQuery } from './queries.ts'
import { Scrolling } from './scrolling.tsx'

/** All products with price and stock; one product at a time can be edited. */
export function Products() {
  const [q, setQ] = useState('')
  const [also, setAlso] = useState<'any' | 'true' | 'false'>('any')
  const [open, setOpen] = useState<string>()
  const { data, isError, hasNextPage, fetchNextPage } = useInfiniteQuery(
    stockedProductsQuery(q, also),
  )
  const products = data?.pages.flatMap(({ items }) => items) ?? []
  return (
    <section className="stack" aria-labelledby="products">
      <div className="ops-head">
        <h2 id="products">Stock and prices</h2>
        <select
          className="input fitting"
          aria-label="Which products"
          value={also}
          onChange={({ target }) => setAlso(target.value as typeof also)}
        >
          <option value="any">sold or discontinued</option>
          <option value="false">sold</option>
          <option value="true">discontinued</option>
        </select>
        <input
          className="input fitting"
          type="search"
          aria-label="Find a product"
          placeholder="Find a product"
          value={q}
          onChange={({ target }) => setQ(target.value)}
        />
      </div>
      {isError && !data && <Outage what="The catalogue" />}
      <ul className="ops-products">
        {products.map((product) => (
          <li key={product.sku} className="card">
            <button
              type="button"
              aria-expanded={open === product.sku}
              onClick={() => setOpen(open === product.sku ? undefined : product.sku)}
            >
              <Picture sku={product.sku} />
              <span>
                <strong>{product.name}</strong>
                <span className="soft small">{product.sku}</span>
              </span>
              <span className="number">{formatMoney(product.price)}</span>
              <span className={product.inStock ? 'number' : 'number bad'}>
                {product.discontinued ? 'discontinued' : `${product.available} left`}
              </span>
            </button>
            {open === product.sku && <ProductForms product={product} />}
          </li>
        ))}
      </ul>
      {hasNextPage && (
        <div>
          <Button look="quiet" onClick={() => void fetchNextPage()}>
            More
          </Button>
        </div>
      )}
    </section>
  )
}

function ProductForms({ product: { sku, price, version } }: { product: Product }) {
  const queries = useQueryClient()
  const refresh = () =>
    Promise.all(
      [
        ['products'],
        [...mine(), 'ops', 'products'],
        ['product', sku],
        stockQuery(sku).queryKey,
      ].map((queryKey) => queries.invalidateQueries({ queryKey })),
    )
  const pricing = useForm(async ({ amount = '' }) => {
    await ask<typeof catalogRoutes.change>('patch', '/products/{sku}', {
      params: { sku },
      headers: { 'if-match': `"${version}"` },
      body: { price: { amount: centsOf(amount) ?? 0, currency: 'EUR' } },
    })
    toast('The price is changed.')
    await refresh()
  })
  const stocking = useForm(async ({ delta, reason = '' }) => {
    await ask<typeof catalogRoutes.adjustStock>('post', '/products/{sku}/stock', {
      params: { sku },
      headers: { 'idempotency-key': randomId() },
      body: { delta: Number(delta), reason },
    })
    toast('The stock is adjusted.')
    await refresh()
  })
  return (
    <div className="product-forms">
      <form className="row" onSubmit={pricing.submit} noValidate aria-label="Price">
        <TextField
          label="New price in euro"
          name="amount"
          inputMode="decimal"
          defaultValue={(price.amount / 100).toFixed(2)}
          required
          fault={pricing.faults.amount}
        />
        <Button type="submit" look="quiet" busy={pricing.busy}>
          Change the price
        </Button>
        <Refused problem={pricing.problem} />
      </form>
      <form className="row" onSubmit={stocking.submit} noValidate aria-label="Stock">
        <TextField
          label="Pieces to add (or −)"
          name="delta"
          type="number"
          required
          fault={stocking.faults.delta}
        />
        <TextField
          label="Why"
          name="reason"
          defaultValue="delivery"
          required
          fault={stocking.faults.reason}
        />
        <Button type="submit" look="quiet" busy={stocking.busy}>
          Adjust the stock
        </Button>
        <Refused problem={stocking.problem} />
      </form>
      <Movements sku={sku} />
    </div>
  )
}

function Movements({ sku }: { sku: string }) {
  const { data } = useQuery(stockQuery(sku))
  if (!data) return null
  return (
    <Scrolling label="Movements of the stock">
      <p>
        {data.onHand} on hand, {data.reserved} reserved, {data.sold} sold; low at {data.lowStockAt}.
      </p>
      <ol className="movements small">
        {data.movements.slice(0, 8).map(({ at, kind, onHand, reserved, sold, reason }, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: they have no names
          <li key={place}>
            <time dateTime={at}>{formatMoment(at)}</time> {kind} {onHand || reserved || sold}
            {reason && <span className="soft"> {reason}</span>}
          </li>
        ))}
      </ol>
    </Scrolling>
  )
}
