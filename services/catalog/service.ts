import { defineService } from '@sidecart/chassis/contract/manifest.ts'
import { orderEvents } from '@sidecart/orders/contract.ts'
import { catalogEvents, catalogRoutes } from './contract.ts'

export const service = defineService({
  name: 'catalog',
  owns: 'products, prices, search, stock, reservations',
  position: 2,
  routes: catalogRoutes,
  publishes: catalogEvents,
  subscribesTo: [catalogEvents.productChanged, orderEvents.confirmed, orderEvents.cancelled],
  database: true,
  components: ['cache'],
})
