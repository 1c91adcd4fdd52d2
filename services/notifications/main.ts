import { readEnvironment } from '@sidecart/chassis/core/environment.ts'
import { createRetryWorker } from '@sidecart/chassis/messaging/consumer-retry.ts'
import { createDeadLetters } from '@sidecart/chassis/messaging/dead-letters.ts'
import { createInbox } from '@sidecart/chassis/messaging/inbox.ts'
import { createRetentionWorker } from '@sidecart/chassis/messaging/retention.ts'
import { openDatabase } from '@sidecart/chassis/persistence/database.ts'
import { startService } from '@sidecart/chassis/service.ts'
import { z } from 'zod'
import { createNotificationsApp, notificationsHandlers } from './app.ts'
import { createLinks, createMailGateway } from './clients.ts'
import { migrations } from './migrations/index.ts'
import { createHeldMailReaper, createSender, createStaleSendReaper } from './sender.ts'
import { createNotificationStore, mailPruning, type NotificationsTables } from './store.ts'

const env = readEnvironment({
  MAIL_FROM: z.string().min(1).default('Sidecart <shop@sidecart.example>'),
  SHOP_URL: z.url().default('http://127.0.0.1:8080'),
})
const service = await startService('notifications')
const { sidecar, log } = service
const connectionString = await sidecar.secret('notifications-database')
const database = await openDatabase<NotificationsTables>({ connectionString, migrations, log })
service.onStop(database.close)

const shopUrl = env.SHOP_URL
const store = createNotificationStore(database, { shopUrl })
const mailGateway = createMailGateway(sidecar, { from: env.MAIL_FROM })
const links = createLinks(sidecar)
const sender = createSender({ mails: store, mailGateway, links, shopUrl, log })
const ports = {
  ...service,
  records: store,
  mails: store,
  mailGateway,
  shopUrl,
  inbox: createInbox(database, store.isOutdated),
  deadLetters: createDeadLetters(database),
  wake: sender.wake,
  ready: database.ping,
}
const handlers = notificationsHandlers(ports)
const retryWorker = createRetryWorker({ ...ports, name: 'notifications', handlers })
const staleSendReaper = createStaleSendReaper({ mails: store, log })
const heldMailReaper = createHeldMailReaper({ mails: store, log })
const retention = createRetentionWorker({ ...service, database, prunings: [mailPruning] })
const workers = [sender, staleSendReaper, heldMailReaper, retryWorker, retention]
service.listen(createNotificationsApp(ports), workers)
