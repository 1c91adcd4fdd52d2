import type { Page } from 'playwright-core'
import { confirmedCustomer, operator, orderOf, placed, reaches } from '../system/client.ts'
import { addToCart, checkOut, heading, register } from './visitor.ts'

/** A page of the shop; `ready` waits until the page is complete. */
export type ShopPage = { name: string; path: string; ready: (page: Page) => Promise<unknown> }

const button = (name: string | RegExp) => (page: Page) =>
  page.getByRole('button', { name }).first().waitFor()
const titled = (name: string | RegExp) => (page: Page) => heading(page, name)
const withText = (text: string) => (page: Page) => page.getByText(text).waitFor()
const firstProduct = (page: Page) => page.getByRole('article').first().waitFor()
const another = (page: Page) => page.getByRole('article').nth(1).waitFor()

/** Pages visible to everyone. */
export const publicPages: readonly ShopPage[] = [
  { name: 'home', path: '/', ready: firstProduct },
  { name: 'list', path: '/shop', ready: firstProduct },
  { name: 'filtered', path: '/shop?category=kitchen&inStock=true&sort=price', ready: firstProduct },
  { name: 'nothing-found', path: '/shop?q=zeppelin', ready: button('Show everything') },
  { name: 'product', path: '/item/ARMCHAIR-LOUNGE-TEAL', ready: another },
  { name: 'empty-cart', path: '/shop/cart', ready: titled('Your cart') },
  { name: 'sign-in', path: '/sign-in', ready: button('Sign in') },
  { name: 'register', path: '/register', ready: button('Create the account') },
  { name: 'confirm', path: '/confirm#token', ready: button('Confirm the address') }, // notifications: optional line
  { name: 'forgot-password', path: '/forgot-password', ready: button('Send the link') }, // notifications: optional line
  { name: 'reset-password', path: '/reset-password#token', ready: button('Set the password') }, // notifications: optional line
  { name: 'invitation', path: '/invitation', ready: withText('This link is not complete') },
  { name: 'events', path: '/events', ready: titled('Events') },
  { name: 'not-found', path: '/nowhere', ready: titled('There is no such page') },
]

/** Pages visible to their owner only. Prepares the data for a visitor. */
export async function ownPages(page: Page): Promise<readonly ShopPage[]> {
  await register(page)
  await addToCart(page, 'TEAPOT-STONEWARE-RUST')
  await checkOut(page, /^Card without money/)
  await heading(page, 'This order was cancelled')
  const cancelled = new URL(page.url()).pathname
  await addToCart(page, 'LAMP-DESK-BRASS')
  await checkOut(page)
  await heading(page, 'Thank you! It is yours')
  const order = new URL(page.url()).pathname
  await addToCart(page, 'RADIO-TABLE-SKY')
  await addToCart(page, 'MUG-ENAMEL-BLUE')
  return [
    {
      name: 'cart',
      path: '/shop/cart',
      ready: (page) => page.getByText('Go to checkout').waitFor(),
    },
    { name: 'checkout', path: '/checkout', ready: button(/^Order and pay/) },
    { name: 'order', path: order, ready: titled('Thank you! It is yours') },
    { name: 'cancelled-order', path: cancelled, ready: button('Try again') },
    { name: 'orders', path: '/account/orders', ready: firstProduct },
    { name: 'profile', path: '/account/profile', ready: button('Save the name') },
    { name: 'addresses', path: '/account/addresses', ready: button('Add an address') },
    { name: 'mails', path: '/account/mails', ready: (page) => page.getByLabel(/^News/).waitFor() }, // notifications: optional line
  ]
}

/** Pages visible to operators only. One order's charge was retried before confirmation. */
export async function opsPages(): Promise<readonly ShopPage[]> {
  const customer = await confirmedCustomer()
  const orderId = await placed(customer, orderOf('TEAPOT-STONEWARE-RUST', 2, 'card_retry'))
  await reaches(customer, orderId, ['confirmed'])
  await (await operator()).ask('POST', '/operations/invariants')
  const row = (name: RegExp) => (page: Page) => page.getByRole('row', { name }).first().waitFor()
  return [
    { name: 'map', path: '/ops', ready: button(/^orders up/) },
    { name: 'orders', path: '/ops/orders', ready: row(/Confirmed/) },
    { name: 'story', path: `/ops/orders/${orderId}`, ready: row(/sends a mail/) },
    { name: 'letters', path: '/ops/letters', ready: titled('Dead letters') },
    {
      name: 'invariants',
      path: '/ops/invariants',
      ready: (page) =>
        page
          .getByText(/hold\.|violated/)
          .first()
          .waitFor(),
    },
    { name: 'business', path: '/ops/business', ready: button(/left$/) },
    { name: 'faults', path: '/ops/faults', ready: button('kill') },
    { name: 'components', path: '/ops/components', ready: row(/statestore/) },
  ]
}
