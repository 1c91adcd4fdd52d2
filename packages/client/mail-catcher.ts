import { setTimeout as pause } from 'node:timers/promises'
import { UserError } from '@sidecart/platform/config/project.ts'

export type CaughtMail = {
  subject: string
  text?: string
  html?: string
  to: { address: string }[]
}

/** The newest mails that the catcher at this base URL holds. */
export async function caughtMails(inbox: string): Promise<CaughtMail[]> {
  const answer = await fetch(`${inbox}/api/email`)
  if (!answer.ok) throw new Error(`the mail catcher at ${inbox} answered ${answer.status}`)
  return (await answer.json()) as CaughtMail[]
}

/** Mails to one address, oldest first. */
export async function mailsFor(inbox: string, email: string): Promise<CaughtMail[]> {
  const caught = await caughtMails(inbox)
  return caught.filter(({ to }) => to.some(({ address }) => address === email))
}

/** The token of a mail's link to a page of the shop. */
const tokenIn = ({ text, html }: CaughtMail, page: string): string | undefined =>
  new RegExp(`/${page}#([\\w-]+)`).exec(`${html ?? ''} ${text ?? ''}`)?.[1]

/**
 * Waits for a mail with a link to a page, by default the one that confirms an address, and returns the token of the
 * newest.
 *
 * @throws UserError when none has come in time
 */
export async function awaitToken(
  inbox: string,
  email: string,
  timeoutMs = 60_000,
  page: 'confirm' | 'reset-password' = 'confirm',
): Promise<string> {
  for (const end = Date.now() + timeoutMs; Date.now() < end; await pause(200)) {
    const mails = await mailsFor(inbox, email)
    const token = mails.map((mail) => tokenIn(mail, page)).findLast((one) => one !== undefined)
    if (token) return token
  }
  throw new UserError(
    `no mail to ${email} with a link to /${page} has come in ${timeoutMs / 1000} s`,
  )
}
