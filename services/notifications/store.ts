import type { Pruning } from '@sidecart/chassis/messaging/retention.ts'
import { traceparent } from '@sidecart/chassis/observability/telemetry.ts'
import { type Database, isNull, type Tx } from '@sidecart/chassis/persistence/database.ts'
import { deferred, early } from '@sidecart/chassis/persistence/pipelined-client.ts'
import { statement, type Values } from '@sidecart/chassis/persistence/statement.ts'
import { type Generated, type Selectable, sql } from 'kysely'
import { v7 as uuid } from 'uuid'
import type { MailKind, MailStatus, Notification } from './contract.ts'
import { attemptsAllowed, type Contact, mustBeResendable, type News } from './domain.ts'
import type { Claimed, Mails, NotificationRepository, Settled } from './ports.ts'
import { write } from './templates.ts'

export type NotificationsTables = {
  contacts: {
    user_id: string
    email: string
    name: string
    preferences: string
    version: number
    confirmed: Generated<boolean>
  }
  mails: {
    id: string
    customer_id: string
    order_id: string | null
    kind: MailKind
    event: string
    status: MailStatus
    recipient: string | null
    send_to: string | null
    /** Distinguishes mails of one kind to one customer. */
    about: Generated<string>
    problem: string | null
    attempts: Generated<number>
    attempts_allowed: number
    due_at: Date
    claimed_at: Date | null
    sent_at: Date | null
    created_at: Generated<Date>
    /** Trace context of the event that the mail is about. */
    traceparent: string | null
  }
}

type ContactRow = Selectable<NotificationsTables['contacts']>
type MailRow = Selectable<NotificationsTables['mails']>

export type StoreOptions = { shopUrl: string; now?: () => Date }

export type NotificationsStore = Mails & NotificationRepository<Tx<NotificationsTables>>

export function createNotificationStore(
  database: Database<NotificationsTables>,
  { shopUrl, now = () => new Date() }: StoreOptions,
): NotificationsStore {
  const { rows } = database
  /** Contacts by customer, some of them outdated. */
  const remembered = new Map<string, Contact>()
  /** Transactions that store a contact: what they read must not come from memory. */
  const storing = new WeakSet<Tx<NotificationsTables>>()

  function remember(contact: Contact): void {
    if (remembered.size >= mostRemembered) remembered.clear()
    remembered.set(contact.userId, contact)
  }

  const notifications = () =>
    rows
      .selectFrom('mails')
      .leftJoin('contacts', 'contacts.user_id', 'mails.customer_id')
      .selectAll('mails')
      .select('contacts.name')

  return {
    async keepContact(tx, { userId, email, name, preferences, version, confirmed }) {
      // events of an earlier version do not say: what is known stays
      const known = confirmed !== undefined && { confirmed }
      storing.add(tx)
      remembered.delete(userId)
      const contact = { email, name, preferences: JSON.stringify(preferences), version, ...known }
      await tx.rows
        .insertInto('contacts')
        .values({ user_id: userId, ...contact })
        .onConflict((conflict) =>
          conflict.column('user_id').doUpdateSet(contact).where('contacts.version', '<', version),
        )
        .execute()
    },

    async contactOf(tx, customerId) {
      const isStoring = storing.has(tx)
      const known = isStoring ? undefined : remembered.get(customerId)
      if (known) return known
      const [row] = (await findContact(tx.rows, { user_id: customerId })).rows
      const contact = row && toContact(row)
      if (contact && !isStoring) remember(contact)
      return contact
    },

    async release(tx, { userId, email }) {
      await tx.rows
        .updateTable('mails')
        .set(({ eb, ref }) => ({
          status: 'pending',
          due_at: now(),
          send_to: eb.case().when('send_to', 'is', null).then(ref('send_to')).else(email).end(),
        }))
        .where('customer_id', '=', userId)
        .where('status', '=', 'held')
        .execute()
    },

    async add(tx, { customerId, orderId, news, sendTo, status, contactVersion }) {
      await insertMail(tx.rows, {
        id: uuid(),
        customer_id: customerId,
        order_id: orderId ?? null,
        kind: news.kind,
        event: JSON.stringify(news.event),
        send_to: sendTo ?? null,
        about: sendTo ? String(news.event.version) : '',
        status,
        attempts_allowed: attemptsAllowed,
        due_at: now(),
        traceparent: traceparent() ?? null,
        contact_version: contactVersion ?? null,
      })
    },

    isOutdated(error) {
      const isOutdated = isNull(error, 'attempts_allowed')
      if (isOutdated) remembered.clear()
      return isOutdated
    },

    async claim(before) {
      const found = await sql<ClaimedRow>`
        with before as (${settling(before)}),
        next as (
          select id from mails where status = 'pending' and due_at <= ${now()}
          order by due_at, id limit 1 for update skip locked
        )
        update mails
        set status = 'sending', attempts = attempts + 1, claimed_at = ${now()}, recipient = coalesce(send_to, contacts.email)
        from next, contacts
        where mails.id = next.id and contacts.user_id = mails.customer_id
        returning mails.id, kind, event, recipient, contacts.name, attempts, attempts_allowed, traceparent`.execute(
        rows,
      )
      return found.rows[0] && toClaimed(found.rows[0])
    },

    async settle(settled) {
      await settling(settled).execute(rows)
    },

    async giveUp(ms) {
      const { numUpdatedRows } = await rows
        .updateTable('mails')
        .set({
          status: 'unconfirmed',
          problem: 'The process that was sending it ended before it wrote the outcome.',
        })
        .where('status', '=', 'sending')
        .where('claimed_at', '<', new Date(now().getTime() - ms))
        .executeTakeFirst()
      return Number(numUpdatedRows)
    },

    async expireHeld(ms) {
      const { numUpdatedRows } = await rows
        .updateTable('mails')
        .set({ status: 'expired', problem: 'The address was not confirmed in time.' })
        .where('status', '=', 'held')
        .where('due_at', '<', new Date(now().getTime() - ms))
        .executeTakeFirst()
      return Number(numUpdatedRows)
    },

    async find({ orderId, kind, status, limit, cursor }, { userId, role }) {
      const operator = role === 'operator'
      const found = await notifications()
        .$if(!operator, (query) =>
          query.where('customer_id', '=', userId).where('status', '<>', 'recorded'),
        )
        .$if(orderId !== undefined, (query) => query.where('order_id', '=', orderId ?? null))
        .$if(kind !== undefined, (query) => query.where('kind', '=', kind as MailKind))
        .$if(status !== undefined, (query) => query.where('status', '=', status as MailStatus))
        .$if(cursor !== undefined, (query) => query.where('mails.id', '<', cursor as string))
        .orderBy('mails.id', 'desc')
        .limit(limit)
        .execute()
      return found.map((row) => toNotification(row, shopUrl, operator))
    },

    async resend(mailId) {
      const known = await database.inTransaction(async (tx) => {
        const row = await tx.rows
          .selectFrom('mails')
          .select(['status', 'attempts'])
          .where('id', '=', mailId)
          .forUpdate()
          .executeTakeFirst()
        if (!row) return false
        mustBeResendable(row.status)
        await tx.rows
          .updateTable('mails')
          .set({
            status: 'pending',
            due_at: now(),
            attempts_allowed: row.attempts + attemptsAllowed,
          })
          .where('id', '=', mailId)
          .execute()
        return true
      })
      if (!known) return undefined
      const row = await notifications().where('mails.id', '=', mailId).executeTakeFirstOrThrow()
      return toNotification(row, shopUrl, true)
    },
  }
}

/** Mails with their personal data. Those of an order go together, when the youngest is old enough and none may leave. */
export const mailPruning: Pruning = {
  table: 'mails',
  key: 'id',
  old: (before, limit) => sql`
    select id from mails
    where created_at < ${before} and status not in ('held', 'pending', 'sending') and not exists (
      select from mails as other
      where other.order_id = mails.order_id
        and (other.created_at >= ${before} or other.status in ('held', 'pending', 'sending'))
    )
    limit ${limit}`,
}

const mostRemembered = 2_000

const findContact = statement<NotificationsTables>()((db, value: Values<{ user_id: string }>) =>
  db.selectFrom('contacts').selectAll().where('user_id', '=', value('user_id')).modifyEnd(early),
)

type NewMail = Pick<
  MailRow,
  | 'id'
  | 'customer_id'
  | 'order_id'
  | 'kind'
  | 'event'
  | 'send_to'
  | 'about'
  | 'status'
  | 'attempts_allowed'
  | 'due_at'
  | 'traceparent'
> & {
  /** The version that the contact must have, if it matters. */
  contact_version: number | null
}

const contactAt = (value: Values<NewMail>) =>
  sql`select from contacts where user_id = ${value('customer_id')}::uuid and version = ${value('contact_version')}::integer`

/**
 * Fails if the contact has another version, by a null that the column refuses, so that no answer is needed. A mail that
 * is held locks the contact: it must not miss that the address is being confirmed.
 */
const insertMail = statement<NotificationsTables>()((db, value: Values<NewMail>) =>
  db
    .insertInto('mails')
    .values({
      id: value('id'),
      customer_id: value('customer_id'),
      order_id: value('order_id'),
      kind: value('kind'),
      event: value('event'),
      send_to: value('send_to'),
      about: value('about'),
      status: value('status'),
      attempts_allowed: sql<number>`case
        when ${value('contact_version')}::integer is null then ${value('attempts_allowed')}::integer
        when ${value('status')}::text = 'held' then case when exists (${contactAt(value)} for share) then ${value('attempts_allowed')}::integer end
        when exists (${contactAt(value)}) then ${value('attempts_allowed')}::integer end`,
      due_at: value('due_at'),
      traceparent: value('traceparent'),
    })
    .onConflict((conflict) => conflict.doNothing())
    .modifyEnd(deferred),
)

type ClaimedRow = Pick<
  MailRow,
  'id' | 'kind' | 'event' | 'attempts' | 'attempts_allowed' | 'traceparent'
> & {
  recipient: string
  name: string
}

/**
 * Settles an attempt, even one already marked `unconfirmed`, but not a later attempt. Without `settled` changes
 * nothing.
 */
function settling(settled: Settled | undefined) {
  const { mailId = null, attempts = null, settlement } = settled ?? {}
  const { status = null } = settlement ?? {}
  const dueAt = settlement?.status === 'pending' ? settlement.notBefore : null
  const sentAt = settlement?.status === 'sent' ? settlement.at : null
  const problem = settlement && 'problem' in settlement ? settlement.problem : null
  return sql`
    update mails
    set status = ${status}, problem = ${problem}, sent_at = ${sentAt}::timestamptz, due_at = coalesce(${dueAt}::timestamptz, due_at)
    where id = ${mailId}::uuid and attempts = ${attempts}::integer and status in ('sending', 'unconfirmed')`
}

const toContact = (row: ContactRow): Contact => ({
  userId: row.user_id,
  email: row.email,
  name: row.name,
  preferences: row.preferences as unknown as Contact['preferences'],
  version: row.version,
  confirmed: row.confirmed,
})

const newsOf = ({ kind, event }: Pick<MailRow, 'kind' | 'event'>): News =>
  ({ kind, event: event as unknown }) as News

const toClaimed = (row: ClaimedRow): Claimed => ({
  mailId: row.id,
  news: newsOf(row),
  recipient: row.recipient,
  name: row.name,
  attempts: row.attempts,
  attemptsAllowed: row.attempts_allowed,
  ...(row.traceparent && { traceparent: row.traceparent }),
})

function toNotification(
  row: MailRow & { name: string | null },
  shopUrl: string,
  operator: boolean,
): Notification {
  const { subject, text } = write(newsOf(row), row.name ?? 'customer', shopUrl)
  return {
    mailId: row.id,
    customerId: row.customer_id,
    ...(row.order_id && { orderId: row.order_id }),
    kind: row.kind,
    status: row.status,
    subject,
    text,
    ...(row.recipient && { recipient: row.recipient }),
    attempts: row.attempts,
    ...(operator && row.problem && { problem: row.problem }),
    createdAt: row.created_at.toISOString(),
    ...(row.sent_at && { sentAt: row.sent_at.toISOString() }),
  }
}
