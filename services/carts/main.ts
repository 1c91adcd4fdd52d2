import { v7 as uuid } from 'uuid'
import { startService } from '../../chassis/service.ts'
import { createCartsApp } from './app.ts'
import { createBaskets, createDeadLetters } from './store.ts'

const service = await startService('carts')
const { state } = service.transport

const app = createCartsApp({
  ...service,
  baskets: createBaskets(state, uuid),
  deadLetters: createDeadLetters(state),
  ready: async () => {
    await state.get('ready')
  },
})
service.listen(app)
