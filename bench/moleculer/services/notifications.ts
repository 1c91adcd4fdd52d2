// notifications: optional file
import { createDeadLetters } from '@sidecart/chassis/messaging/dead-letters.ts'
import { createInbox } from '@sidecart/chassis/messaging/inbox.ts'
import { notificationsHandlers } from '../../../services/notifications/app.ts'
import { createMailGateway } from '../../../services/notifications/clients.ts'
import { migrations } from '../../../services/notifications/migrations/index.ts'
import { createSender } from '../../../services/notifications/sender.ts'
import {
  createNotificationStore,
  type NotificationsTables,
} from '../../../services/notifications/store.ts'
import type { MakeService } from '../node.ts'

const shopUrl = 'http://127.0.0.1:8080'

const makeNotifications: MakeService = async ({ outside, database, receive, log }) => {
  const tables = await database<NotificationsTables>(migrations)
  const store = createNotificationStore(tables, { shopUrl })
  const mailGateway = createMailGateway(outside, { from: 'Sidecart <shop@sidecart.example>' })
  // accounts count as confirmed here: no mail has a link
  const links = { confirmEmail: async () => undefined, resetPassword: async () => undefined }
  const sender = createSender({ mails: store, mailGateway, links, shopUrl, log })
  sender.start()
  const inbox = createInbox(tables, store.isOutdated)
  const waking: typeof inbox = {
    async once(eventId, work) {
      const outcome = await inbox.once(eventId, work)
      sender.wake()
      return outcome
    },
  }
  await receive(notificationsHandlers({ records: store }), waking, createDeadLetters(tables))
  return { name: 'notifications' }
}
export default makeNotifications
