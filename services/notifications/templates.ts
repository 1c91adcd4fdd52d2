import { formatMoney, type Money, times } from '@sidecart/chassis/contract/money.ts'
import type { CancelReason } from '@sidecart/orders/contract.ts'
import type { MailKind } from './contract.ts'
import type { News } from './domain.ts'
import type { IssuedLink } from './ports.ts'

export type Letter = { subject: string; text: string; html: string }

/** One paragraph, a link, a table of what was bought, or an event in bold. */
type Block =
  | { is: 'text'; text: string }
  | { is: 'link'; label: string; url: string }
  | { is: 'lines'; lines: { what: string; amount: string }[]; total: string }

type Content = {
  subject: string
  title: string
  blocks: Block[]
  orderId?: string
  footer?: string
}

/**
 * Writes a mail about news. The same news and name always give the same mail.
 *
 * @param issued the link of a mail that has one; without it, as it is listed, the mail tells nothing of that
 */
export function write(news: News, name: string, shopUrl: string, issued?: IssuedLink): Letter {
  const content = contentOf(news, shopUrl, issued)
  const greeting = greet(news, name)
  return {
    subject: content.subject,
    text: asText(content, greeting, shopUrl),
    html: asHtml(content, greeting, shopUrl),
  }
}

function contentOf(news: News, shopUrl: string, issued: IssuedLink | undefined): Content {
  if (news.kind === 'confirm-email') return confirmEmail(shopUrl, issued)
  if (news.kind === 'password-reset') return resetPassword(shopUrl, issued)
  return tell(news)
}

/** Letters and the punctuation of names; no dot inside a word, because mail programs turn such words into links. */
const plainName = /^[\p{L}\p{M}](?:[\p{L}\p{M} ’'-]|\.(?= |$|\p{L}\.)){0,59}$/u

/**
 * Returns the greeting. Anyone who registers an address chooses the name, and the address may be another person's.
 * Mails about the account itself therefore contain no name, and other mails only a name that cannot be a message.
 */
const greet = ({ kind }: News, name: string): string =>
  nameless.includes(kind) || !plainName.test(name) ? 'Hello,' : `Hello ${name},`

const nameless: readonly MailKind[] = [
  'confirm-email',
  'welcome',
  'email-changed',
  'password-changed',
  'password-reset',
  'second-factor-changed',
]

/** Returns the order number shown in subjects: the end of the id, which differs most. */
export const orderNumber = (orderId: string): string => orderId.slice(-8).toUpperCase()

const reasons: Record<CancelReason, string> = {
  'customer-request': 'You asked us to cancel it.',
  'out-of-stock': 'Something in it was sold out before we could set it aside for you.',
  'unknown-sku': 'Something in it is not in our catalogue any more.',
  discontinued: 'Something in it is no longer sold.',
  'price-changed':
    'A price changed before we could confirm it, so we did not go on without asking you.',
  'card-declined': 'Your card was declined. You can order again with another card.',
  'took-too-long':
    'We could not complete it in time, so we called it off rather than keep you waiting.',
}

/** The reader may never have heard of the shop. */
function confirmEmail(shopUrl: string, issued: IssuedLink | undefined): Content {
  const content = {
    subject: 'Confirm your e-mail address',
    title: 'Confirm your e-mail address',
    footer: 'You get this mail because somebody entered this address at',
  }
  if (!issued)
    return { ...content, blocks: text('It says how to confirm the address. Look into your inbox.') }
  if (issued === 'known')
    return {
      ...content,
      subject: 'You have an account already',
      title: 'You have an account already',
      blocks: text(
        'Somebody, perhaps you, entered this address for another account. Your account here has it already: sign in to that one.',
        'If it was not you, there is nothing to do. Nobody was told that you have an account.',
      ),
    }
  const url = linkTo(shopUrl, 'confirm', issued.token)
  return {
    ...content,
    blocks: [
      ...text('Press the button to confirm that this address is yours. It works once, for a day.'),
      { is: 'link', label: 'Confirm the address', url },
      ...text(
        'If you did not enter it, there is nothing to do. Without it we write nothing else to this address.',
      ),
    ],
  }
}

function resetPassword(shopUrl: string, issued: IssuedLink | undefined): Content {
  const title = 'Set another password'
  const content = {
    subject: title,
    title,
    footer: 'You get this mail because somebody asked for another password of your account at',
  }
  if (!issued || issued === 'known')
    return { ...content, blocks: text('It has the link to do so. Look into your inbox.') }
  return {
    ...content,
    blocks: [
      ...text('Press the button to set another password. It works once, for 30 minutes.'),
      {
        is: 'link',
        label: 'Set another password',
        url: linkTo(shopUrl, 'reset-password', issued.token),
      },
      ...text(
        'If you did not ask for it, there is nothing to do: your password stays what it is. Give the link to nobody.',
      ),
    ],
  }
}

/** The token is in the fragment, which no server gets and no log keeps. */
const linkTo = (shopUrl: string, page: string, token: string): string =>
  `${shopUrl.replace(/\/$/, '')}/${page}#${token}`

/** Writes the mail that invites somebody to run the shop. The reader knows who invites. */
export function writeInvitation(shopUrl: string, token: string): Letter {
  const title = 'You are invited to run the shop'
  const content: Content = {
    subject: title,
    title,
    footer: 'You get this mail because the owner of the machine entered this address at',
    blocks: [
      ...text('Press the button to become an operator. It works once, for a day.'),
      {
        is: 'link',
        label: 'See the invitation',
        url: linkTo(shopUrl, 'invitation', token),
      },
      ...text('If you do not expect this, there is nothing to do.'),
    ],
  }
  const greeting = 'Hello,'
  return {
    subject: content.subject,
    text: asText(content, greeting, shopUrl),
    html: asHtml(content, greeting, shopUrl),
  }
}

function tell(news: Exclude<News, { kind: 'confirm-email' | 'password-reset' }>): Content {
  switch (news.kind) {
    case 'welcome':
      return {
        subject: 'Welcome to Sidecart',
        title: 'Welcome',
        blocks: text(
          'Your account is ready. We will write to this address about your orders; which mails you get is up to you, in your account.',
        ),
      }
    case 'email-changed':
      return {
        subject: 'Your e-mail address was changed',
        title: 'Your e-mail address was changed',
        blocks: text(
          'The e-mail address of your account is another one now; both addresses get this mail.',
          'If it was not you, sign in and change your password, or answer this mail.',
        ),
      }
    case 'password-changed':
      return {
        subject: 'Your password was changed',
        title: 'Your password was changed',
        blocks: text(
          'The password of your account was changed, and every other device was signed out.',
          'If it was not you, answer this mail.',
        ),
      }
    case 'second-factor-changed': {
      const isOn = news.event.secondFactor === 'on'
      const subject = `Your second factor was turned ${isOn ? 'on' : 'off'}`
      const now = isOn
        ? 'Signing in to your account takes a code of your authenticator app from now on, and every other device was signed out.'
        : 'Signing in to your account takes the password only from now on.'
      const blocks = text(now, 'If it was not you, change your password and answer this mail.')
      return { subject, title: subject, blocks }
    }
    case 'placed': {
      const pieces = news.event.lines.reduce((total, { quantity }) => total + quantity, 0)
      const what = pieces === 1 ? 'one item' : `${pieces} items`
      return about(news.event.orderId, 'We have your order', 'is with us', [
        `Thank you. Your order of ${what} has arrived, and we are setting everything aside for you. You will hear from us when it is confirmed.`,
      ])
    }
    case 'confirmed':
      return confirmed(news.event)
    case 'cancelled':
      return about(news.event.orderId, 'Your order was cancelled', 'was cancelled', [
        reasons[news.event.reason],
        'You pay nothing for it: if money was already taken, it is on its way back to your card.',
      ])
    case 'shipped':
      return about(news.event.orderId, 'Your order is on its way', 'is on its way', [
        'It has left our house, and the carrier has it now.',
      ])
    case 'delivered':
      return about(news.event.orderId, 'Your order has arrived', 'has arrived', [
        'The carrier tells us that it was delivered. We hope that everything is as you wished.',
      ])
    case 'refunded':
      return about(news.event.orderId, 'Your money is on its way back', 'was refunded', [
        `We have returned ${formatMoney(news.event.amount)} to your card. Banks take a few days to show it.`,
      ])
    case 'payment-charged':
      return payment(news.event, 'was paid', 'was taken from the card')
    case 'payment-declined':
      return payment(news.event, 'could not be paid', `was declined (${news.event.code})`)
    case 'payment-refunded':
      return payment(news.event, 'was paid back', 'went back to the card')
  }
}

function confirmed({
  orderId,
  lines,
  total,
}: Extract<News, { kind: 'confirmed' }>['event']): Content {
  const content = about(orderId, 'Your order is confirmed', 'is confirmed', [
    'Everything is set aside and paid for. This is what you bought:',
  ])
  const bought = lines.map(({ name, quantity, unitPrice }) => ({
    what: `${quantity} × ${name}`,
    amount: formatMoney(times(unitPrice, quantity)),
  }))
  return {
    ...content,
    blocks: [...content.blocks, { is: 'lines', lines: bought, total: formatMoney(total) }],
  }
}

const payment = (
  { orderId, amount }: { orderId: string; amount: Money },
  subject: string,
  what: string,
): Content => about(orderId, 'Payment', subject, [`${formatMoney(amount)} ${what}.`])

const about = (orderId: string, title: string, what: string, paragraphs: string[]): Content => ({
  subject: `Your order ${orderNumber(orderId)} ${what}`,
  title,
  orderId,
  blocks: text(...paragraphs),
})

const text = (...paragraphs: string[]): Block[] =>
  paragraphs.map((paragraph) => ({ is: 'text', text: paragraph }))

function asText({ title, blocks, orderId }: Content, greeting: string, shopUrl: string): string {
  const body = blocks.map(blockAsText)
  return [
    title,
    greeting,
    ...body,
    ...(orderId ? [`Order ${orderId}`] : []),
    `Sidecart\n${shopUrl}`,
  ].join('\n\n')
}

function blockAsText(block: Block): string {
  if (block.is === 'text') return block.text
  if (block.is === 'link') return `${block.label}: ${block.url}`
  const lines = block.lines.map(({ what, amount }) => `  ${what}: ${amount}`)
  return [...lines, `  Total: ${block.total}`].join('\n')
}

const font = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
const cell = 'padding:10px 0;border-bottom:1px solid #e7e5df'

/** Uses tables and inline styles, the common subset of mail programs. */
function asHtml(
  { subject, title, blocks, orderId, footer }: Content,
  greeting: string,
  shopUrl: string,
): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(subject)}</title></head>
<body style="margin:0;background:#f4f2ec;${font};color:#23211c">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center" style="padding:32px 16px">
<table role="presentation" width="560" cellpadding="0" cellspacing="0" style="max-width:560px;width:100%;background:#ffffff;border-radius:10px;overflow:hidden">
<tr><td style="background:#1f4d3f;padding:18px 32px;color:#ffffff;font-size:18px;font-weight:600">Sidecart</td></tr>
<tr><td style="padding:32px">
<h1 style="margin:0 0 18px;font-size:24px;line-height:1.25">${escapeHtml(title)}</h1>
<p style="margin:0 0 14px;font-size:16px;line-height:1.55">${escapeHtml(greeting)}</p>
${blocks.map(blockAsHtml).join('\n')}
${orderId ? `<p style="margin:24px 0 0;padding:12px 14px;background:#f4f2ec;border-radius:6px;font-size:13px;color:#5c584d">Order <strong>${orderNumber(orderId)}</strong><br>${orderId}</p>` : ''}
</td></tr>
<tr><td style="padding:18px 32px;border-top:1px solid #e7e5df;font-size:13px;line-height:1.5;color:#777266">
${footer ?? 'You get this mail because you have an account at'} <a href="${escapeHtml(shopUrl)}" style="color:#1f4d3f">Sidecart</a>.${footer ? '' : ' Choose in your account which mails you want.'}
</td></tr>
</table>
</td></tr></table>
</body>
</html>`
}

function blockAsHtml(block: Block): string {
  if (block.is === 'text')
    return `<p style="margin:0 0 14px;font-size:16px;line-height:1.55">${escapeHtml(block.text)}</p>`
  if (block.is === 'link')
    return `<p style="margin:0 0 14px"><a href="${escapeHtml(block.url)}" style="display:inline-block;padding:12px 20px;background:#1f4d3f;border-radius:6px;color:#ffffff;font-size:16px;font-weight:600;text-decoration:none">${escapeHtml(block.label)}</a></p>
<p style="margin:0 0 14px;font-size:13px;line-height:1.5;color:#777266;word-break:break-all">${escapeHtml(block.url)}</p>`
  const rows = block.lines.map(
    ({ what, amount }) =>
      `<tr><td style="${cell}">${escapeHtml(what)}</td><td align="right" style="${cell};white-space:nowrap">${escapeHtml(amount)}</td></tr>`,
  )
  return `<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="font-size:15px">
${rows.join('\n')}
<tr><td style="padding:12px 0;font-weight:600">Total</td><td align="right" style="padding:12px 0;font-weight:600;white-space:nowrap">${escapeHtml(block.total)}</td></tr>
</table>`
}

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escapeHtml = (from: string): string =>
  from.replace(/[&<>"']/g, (sign) => entities[sign] ?? sign)
