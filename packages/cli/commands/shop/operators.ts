import {
  appAccess,
  invitationLink,
  type Listed,
  type Mailed,
  mailInvitation, // notifications: optional line
  operatorsAt,
} from '@sidecart/client/operators.ts'
import { projectAt, UserError } from '@sidecart/platform/config/project.ts'
import { table } from '@sidecart/platform/process/terminal.ts'
import { gateway } from '@sidecart/platform/supervisor/welcome.ts'
import { defineCommand } from 'citty'
import { command } from '../../command.ts'

const email = { type: 'positional', required: true, description: 'Whose e-mail' } as const
const json = { type: 'boolean', description: 'For programs' } as const

const operators = () => operatorsAt(appAccess(projectAt(), 'users'))

const invite = command({
  meta: {
    name: 'invite',
    description: 'Print a link, good once and for a day, with which somebody becomes an operator',
  },
  args: {
    email,
    shop: {
      type: 'string',
      valueHint: 'URL',
      description: 'The public address of the shop, for the link (or SHOP_URL)',
    },
    // notifications: optional
    mail: {
      type: 'boolean',
      description: 'Mail the link too (the address of the shop in it is SHOP_URL of notifications)',
    },
    // /notifications
    json,
  },
  run: async ({ args }) => {
    const shopUrl = args.shop ?? process.env.SHOP_URL ?? gateway
    if (!URL.canParse(shopUrl)) throw new UserError(`--shop takes a URL, not ${shopUrl}`)
    const { token, expiresAt, hasAccount } = await operators().invite(args.email)
    const link = invitationLink(shopUrl, token)
    const mailing: { mail?: Mailed } = {
      // notifications: optional
      ...(args.mail && {
        mail: await mailInvitation(appAccess(projectAt(), 'notifications'), {
          email: args.email,
          token,
        }),
      }),
      // /notifications
    }
    const { mail } = mailing
    const shown = { email: args.email, link, expiresAt, hasAccount, ...mailing }
    if (args.json) console.log(JSON.stringify(shown))
    else
      console.log(`\
Give this link to ${args.email} alone. It is good once, until ${expiresAt}.
The person who opens it ${hasAccount ? 'and knows the password of the account' : 'and chooses a password'} becomes an operator.

  ${link}
${mail ? `\nThe mail: ${mail.outcome}${mail.problem ? ` (${mail.problem})` : ''}\n` : ''}`)
  },
})

const list = command({
  meta: { name: 'list', description: 'Operators with their open sessions, and open invitations' },
  args: { json },
  run: async ({ args }) => {
    const listed = await operators().list()
    console.log(args.json ? JSON.stringify(listed) : tableOf(listed))
  },
})

const revoke = command({
  meta: {
    name: 'revoke',
    description: 'Make an operator a customer and end every session; withdraw an invitation',
  },
  args: { email, json },
  run: async ({ args }) => {
    const revoked = await operators().revoke(args.email)
    const { wasOperator, wasInvited, sessionsEnded } = revoked
    if (args.json) console.log(JSON.stringify(revoked))
    else if (wasOperator)
      console.log(`\
${args.email} is a customer now; sessions ended: ${sessionsEnded}.
An access token that was issued before is good for 15 minutes at most. To end that too:
  ./sidecart keys rotate, then ./sidecart keys retire --force (everybody's tokens are renewed)`)
    else if (wasInvited) console.log(`The invitation of ${args.email} is void.`)
    if (!wasOperator && !wasInvited)
      throw new UserError(`${args.email} is no operator; see: ./sidecart operators list`)
  },
})

export default defineCommand({
  meta: { name: 'operators', description: 'Those who may run the shop: invite, list, revoke' },
  subCommands: { invite, list, revoke },
})

function tableOf({ operators, invitations }: Listed): string {
  if (operators.length + invitations.length === 0)
    return 'no operators yet: ./sidecart operators invite EMAIL'
  const rows = operators.map(({ email, name, secondFactor, sessions, refreshedAt = '-' }) => [
    email,
    name,
    secondFactor ? 'on' : 'off',
    String(sessions),
    refreshedAt,
  ])
  const open = invitations.map(({ email, expiresAt }) => [
    email,
    `(invited until ${expiresAt})`,
    ...['-', '-', '-'],
  ])
  return table([['E-MAIL', 'NAME', 'SECOND FACTOR', 'SESSIONS', 'REFRESHED'], ...rows, ...open])
}
