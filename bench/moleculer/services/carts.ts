// carts: optional file
import { v7 as uuid } from 'uuid'
import { cartsHandlers, inbox } from '../../../services/carts/app.ts'
import { createCartStore, createDeadLetters } from '../../../services/carts/store.ts'
import type { MakeService } from '../node.ts'

const makeCarts: MakeService = async ({ outside, receive }) => {
  const carts = createCartStore(outside.state, uuid)
  const deadLetters = createDeadLetters(outside.state)
  await receive(cartsHandlers({ carts }), inbox, deadLetters)
  return {
    name: 'carts',
    actions: {
      show: (ctx) => carts.find(ctx.meta.user.userId),
      deadLetters: async () => ({ deadLetters: await deadLetters.list(500) }),
    },
  }
}
export default makeCarts
