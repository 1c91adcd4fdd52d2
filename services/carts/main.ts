import { createRetryWorker } from '@sidecart/chassis/messaging/consumer-retry.ts'
import { startService } from '@sidecart/chassis/service.ts'
import { v7 as uuid } from 'uuid'
import { cartsHandlers, createCartsApp, inbox } from './app.ts'
import { createCartStore, createDeadLetters } from './store.ts'

const service = await startService('carts')
const { state } = service.sidecar

const ports = {
  ...service,
  carts: createCartStore(state, uuid),
  deadLetters: createDeadLetters(state),
  ready: async () => {
    await state.get('ready')
  },
}
const retryWorker = createRetryWorker({
  ...ports,
  name: 'carts',
  handlers: cartsHandlers(ports),
  inbox,
})
service.listen(createCartsApp(ports), [retryWorker])
