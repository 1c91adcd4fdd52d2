import type { QueryClient } from '@tanstack/react-query'
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router'
import { pageOfThisShop } from './account/next.ts'
import { newestQuery, productQuery, productsQuery } from './api/queries.ts'
import { isSignedIn } from './api/session.ts'
import { Home } from './shop/home.tsx'
import { Layout } from './shop/layout.tsx'
import { readListing } from './shop/listing.ts'
import { NotFound } from './shop/not-found.tsx'

/* All pages. A page's path must not begin with a segment routed to a service by the gateway
   (`/cart`, `/orders`, `/products` …). */
const root = createRootRouteWithContext<{ queries: QueryClient }>()({
  component: Layout,
  notFoundComponent: () => <NotFound />,
})

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  loader: ({ context }) => void context.queries.prefetchQuery(newestQuery()),
  component: Home,
})

const browse = createRoute({
  getParentRoute: () => root,
  path: '/shop',
  validateSearch: readListing,
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) => void context.queries.prefetchInfiniteQuery(productsQuery(deps)),
  component: lazyRouteComponent(() => import('./shop/browse.tsx'), 'Browse'),
})

const product = createRoute({
  getParentRoute: () => root,
  path: '/item/$sku',
  loader: ({ context, params }) => void context.queries.prefetchQuery(productQuery(params.sku)),
  component: lazyRouteComponent(() => import('./shop/product.tsx'), 'ProductPage'),
})

const cart = createRoute({
  getParentRoute: () => root,
  path: '/shop/cart',
  component: lazyRouteComponent(() => import('./cart/cart-page.tsx'), 'CartPage'),
})

const events = createRoute({
  getParentRoute: () => root,
  path: '/events',
  component: lazyRouteComponent(() => import('./events/events-page.tsx'), 'EventsPage'),
})

/** Reads the page to open after signing in: a path of this shop only. */
function readNext({ next }: Record<string, unknown>): { next?: '/checkout' | undefined } {
  // always set, because an omitted parameter would keep its value in the URL
  return { next: pageOfThisShop(next) as '/checkout' | undefined }
}

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: readNext,
  component: lazyRouteComponent(() => import('./account/sign-in.tsx'), 'SignIn'),
})

const register = createRoute({
  getParentRoute: () => root,
  path: '/register',
  validateSearch: readNext,
  component: lazyRouteComponent(() => import('./account/sign-in.tsx'), 'Register'),
})

// notifications: optional
/** For the link in a mail. Its token is in the fragment, which no server gets and no log keeps. */
const confirm = createRoute({
  getParentRoute: () => root,
  path: '/confirm',
  component: lazyRouteComponent(() => import('./account/confirm.tsx'), 'Confirm'),
})
// /notifications

// notifications: optional
const forgotPassword = createRoute({
  getParentRoute: () => root,
  path: '/forgot-password',
  component: lazyRouteComponent(() => import('./account/password-reset.tsx'), 'ForgotPassword'),
})

/** For the link in a mail: its token is in the fragment too. */
const resetPassword = createRoute({
  getParentRoute: () => root,
  path: '/reset-password',
  component: lazyRouteComponent(() => import('./account/password-reset.tsx'), 'ResetPassword'),
})
// /notifications

/** For the link that an invited operator is given: its token is in the fragment too. */
const invitation = createRoute({
  getParentRoute: () => root,
  path: '/invitation',
  component: lazyRouteComponent(() => import('./account/invitation.tsx'), 'Invitation'),
})

/** Everything below it is for those who are signed in. */
const mine = createRoute({
  getParentRoute: () => root,
  id: 'mine',
  beforeLoad: ({ location }) => {
    if (!isSignedIn())
      throw redirect({ to: '/sign-in', search: { next: location.href as '/checkout' } })
  },
  component: lazyRouteComponent(() => import('./account/signed-in-only.tsx'), 'Mine'),
})

const checkout = createRoute({
  getParentRoute: () => mine,
  path: '/checkout',
  component: lazyRouteComponent(() => import('./checkout/checkout.tsx'), 'Checkout'),
})

const account = createRoute({
  getParentRoute: () => mine,
  path: '/account',
  component: lazyRouteComponent(() => import('./account/account.tsx'), 'Account'),
})

const accountHome = createRoute({
  getParentRoute: () => account,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/account/orders' })
  },
})

const orders = createRoute({
  getParentRoute: () => account,
  path: '/orders',
  component: lazyRouteComponent(() => import('./orders/orders-page.tsx'), 'OrdersPage'),
})

const order = createRoute({
  getParentRoute: () => account,
  path: '/orders/$orderId',
  component: lazyRouteComponent(() => import('./orders/order-page.tsx'), 'OrderPage'),
})

const profile = createRoute({
  getParentRoute: () => account,
  path: '/profile',
  component: lazyRouteComponent(() => import('./account/profile.tsx'), 'Profile'),
})

const addresses = createRoute({
  getParentRoute: () => account,
  path: '/addresses',
  component: lazyRouteComponent(() => import('./account/addresses.tsx'), 'Addresses'),
})

// notifications: optional
const mails = createRoute({
  getParentRoute: () => account,
  path: '/mails',
  component: lazyRouteComponent(() => import('./account/mails.tsx'), 'Mails'),
})
// /notifications

const ops = createRoute({
  getParentRoute: () => mine,
  path: '/ops',
  component: lazyRouteComponent(() => import('./ops/console.tsx'), 'Console'),
})

const opsMap = createRoute({
  getParentRoute: () => ops,
  path: '/',
  component: lazyRouteComponent(() => import('./ops/map-page.tsx'), 'MapPage'),
})

const opsOrders = createRoute({
  getParentRoute: () => ops,
  path: '/orders',
  component: lazyRouteComponent(() => import('./ops/orders-page.tsx'), 'OpsOrders'),
})

const opsOrder = createRoute({
  getParentRoute: () => ops,
  path: '/orders/$orderId',
  component: lazyRouteComponent(() => import('./ops/story-page.tsx'), 'StoryPage'),
})

const opsLetters = createRoute({
  getParentRoute: () => ops,
  path: '/letters',
  component: lazyRouteComponent(() => import('./ops/dead-letters-page.tsx'), 'LettersPage'),
})

const opsInvariants = createRoute({
  getParentRoute: () => ops,
  path: '/invariants',
  component: lazyRouteComponent(() => import('./ops/invariants-page.tsx'), 'InvariantsPage'),
})

const opsBusiness = createRoute({
  getParentRoute: () => ops,
  path: '/business',
  component: lazyRouteComponent(() => import('./ops/business-page.tsx'), 'BusinessPage'),
})

const opsFaults = createRoute({
  getParentRoute: () => ops,
  path: '/faults',
  component: lazyRouteComponent(() => import('./ops/faults-page.tsx'), 'FaultsPage'),
})

const opsComponents = createRoute({
  getParentRoute: () => ops,
  path: '/components',
  component: lazyRouteComponent(() => import('./ops/components-page.tsx'), 'ComponentsPage'),
})

const routes = root.addChildren([
  home,
  browse,
  product,
  cart,
  events,
  signIn,
  register,
  // notifications: optional
  confirm,
  forgotPassword,
  resetPassword,
  // /notifications
  invitation,
  mine.addChildren([
    checkout,
    ops.addChildren([
      opsMap,
      opsOrders,
      opsOrder,
      opsLetters,
      opsInvariants,
      opsBusiness,
      opsFaults,
      opsComponents,
    ]),
    account.addChildren([
      accountHome,
      orders,
      order,
      profile,
      addresses,
      mails, // notifications: optional line
    ]),
  ]),
])

export const createShopRouter = (queries: QueryClient) =>
  createRouter({
    routeTree: routes,
    context: { queries },
    defaultPreload: 'intent',
    defaultPreloadStaleTime: 0,
    scrollRestoration: true,
  })

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createShopRouter>
  }
}
