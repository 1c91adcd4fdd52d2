import {
  body,
  createRoute,
  json,
  linksTo,
  refusal,
  wholeNumber,
  z,
} from '@sidecart/chassis/contract/openapi.ts'
import { line, token } from '@sidecart/chassis/contract/text.ts'

export const MailKind = z
  .enum([
    'confirm-email',
    'welcome',
    'email-changed',
    'password-changed',
    'password-reset',
    'second-factor-changed',
    'placed',
    'confirmed',
    'cancelled',
    'shipped',
    'delivered',
    'refunded',
    'payment-charged',
    'payment-declined',
    'payment-refunded',
  ])
  .openapi('MailKind')
export type MailKind = z.infer<typeof MailKind>

export const MailStatus = z
  .enum([
    'held',
    'pending',
    'sending',
    'sent',
    'unconfirmed',
    'failed',
    'expired',
    'suppressed',
    'recorded',
  ])
  .openapi('MailStatus', {
    description:
      'held: waits until the address is confirmed · pending: waits to be sent · sending: on its way · sent · unconfirmed: it may or may not have been sent, and is not sent again by itself · failed: it was certainly not sent · expired: it was held too long, or a newer mail took its place before it was sent · suppressed: the customer does not want it · recorded: an event that mails nobody',
  })
export type MailStatus = z.infer<typeof MailStatus>

export const Notification = z
  .object({
    mailId: z.uuid(),
    customerId: z.uuid(),
    orderId: z.uuid().optional(),
    kind: MailKind,
    status: MailStatus,
    subject: z.string(),
    text: z.string(),
    recipient: z.string().optional(),
    attempts: z.int(),
    problem: z
      .string()
      .optional()
      .describe('Shown to operators: why it was not, or may not have been, sent.'),
    createdAt: z.iso.datetime(),
    sentAt: z.iso.datetime().optional(),
  })
  .openapi('Notification')
export type Notification = z.infer<typeof Notification>

export const NotificationQuery = z.strictObject({
  orderId: z.uuid().optional(),
  kind: MailKind.optional(),
  status: MailStatus.optional(),
  limit: wholeNumber({ min: 1, max: 100, default: 20 }).default(20),
  cursor: z.uuid().optional(),
})
export type NotificationQuery = z.infer<typeof NotificationQuery>

export const MailedInvitation = z
  .object({
    outcome: z.enum(['sent', 'not-sent', 'rejected', 'unknown', 'obsolete']),
    problem: z.string().optional().describe('Why it was not, or may not have been, sent'),
  })
  .openapi('MailedInvitation')
export type MailedInvitation = z.infer<typeof MailedInvitation>

const tags = ['notifications']
const security = [{ bearer: [] }]

export const notificationsRoutes = {
  mailInvitation: createRoute({
    method: 'post',
    path: '/internal/invitations',
    tags: ['internal'],
    summary: 'Mail the link of an invitation to run the shop, once, for the owner of this machine',
    request: { body: body(z.strictObject({ email: line(254), token: token(100) })) },
    responses: { 200: json(MailedInvitation) },
  }),
  list: createRoute({
    method: 'get',
    path: '/notifications',
    tags,
    summary:
      'Own mails, newest first; operators see everybody’s, and events that were only recorded',
    security,
    request: { query: NotificationQuery },
    responses: {
      200: {
        ...json(
          z.object({ notifications: z.array(Notification), nextCursor: z.uuid().optional() }),
        ),
        links: {
          ...linksTo({ cursor: '$response.body#/nextCursor' }, { nextPage: 'get /notifications' }),
          ...linksTo(
            { mailId: '$response.body#/notifications/0/mailId' },
            { resend: 'post /notifications/{mailId}/resend' },
          ),
        },
      },
    },
  }),
  resend: createRoute({
    method: 'post',
    path: '/notifications/{mailId}/resend',
    tags,
    summary: 'Send a failed or unconfirmed mail again (operator)',
    security,
    request: { params: z.strictObject({ mailId: z.uuid() }) },
    responses: {
      200: json(Notification),
      409: refusal('`mail-not-resendable`: neither failed nor unconfirmed'),
    },
  }),
}
