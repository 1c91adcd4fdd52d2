import { defineService } from '@sidecart/chassis/contract/manifest.ts'
import { orderEvents } from '@sidecart/orders/contract.ts'
import { cartsRoutes } from './contract.ts'

export const service = defineService({
  name: 'carts',
  owns: 'carts, in the Dapr state store only',
  position: 3,
  routes: cartsRoutes,
  subscribesTo: [orderEvents.confirmed],
  components: ['statestore'],
})
