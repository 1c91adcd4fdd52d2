import { readRunFile } from '@sidecart/platform/config/dapr-yaml.ts'
import { appEnvFile } from '@sidecart/platform/config/environment.ts'
import { readIfThere } from '@sidecart/platform/config/files.ts'
import { type Project, UserError } from '@sidecart/platform/config/project.ts'
import { z } from 'zod'
import { askAt } from './shop-client.ts'

const Invited = z.object({ token: z.string(), expiresAt: z.string(), hasAccount: z.boolean() })
const Operator = z.object({
  email: z.string(),
  name: z.string(),
  secondFactor: z.boolean(),
  sessions: z.int(),
  refreshedAt: z.string().optional(),
})
const Invitation = z.object({ email: z.string(), invitedAt: z.string(), expiresAt: z.string() })
const Listed = z.object({ operators: z.array(Operator), invitations: z.array(Invitation) })
const Revoked = z.object({
  wasOperator: z.boolean(),
  wasInvited: z.boolean(),
  sessionsEnded: z.int(),
})

export type Invited = z.infer<typeof Invited>
export type Listed = z.infer<typeof Listed>
export type Revoked = z.infer<typeof Revoked>

const Mailed = z.object({ outcome: z.string(), problem: z.string().optional() })
export type Mailed = z.infer<typeof Mailed>

export type AppAccess = { url: string; token: string }

/**
 * Returns the address of an app and the token that its sidecar presents, which is readable by the owner of the shop.
 *
 * @throws UserError when the shop was never started here
 */
export function appAccess(project: Project, appId: string): AppAccess {
  const [, token] =
    /^APP_API_TOKEN='(.+)'$/m.exec(readIfThere(appEnvFile(project, appId)) ?? '') ?? []
  if (!token) throw new UserError('There is no shop here yet. Start one: npm start')
  const app = readRunFile(project.runFile).find((one) => one.appId === appId)
  // among containers each app has a name, and the port of dapr.yaml
  const host = process.env.SIDECART_APPS_BY_NAME === '1' ? appId : '127.0.0.1'
  return { url: `http://${host}:${app?.ports.app}`, token }
}

/**
 * Invites, lists and revokes operators. Asks the app `users` itself, because no service may: its access list names none
 * of these routes, and the app refuses them to whatever comes through a sidecar.
 */
export function operatorsAt({ url, token }: AppAccess) {
  const ask = (method: string, path: string, body?: unknown) =>
    askAt(url, method, `/internal/operators${path}`, body, { 'dapr-api-token': token })
  return {
    invite: async (email: string): Promise<Invited> =>
      Invited.parse(await ask('POST', '/invitations', { email })),
    list: async (): Promise<Listed> => Listed.parse(await ask('GET', '')),
    revoke: async (email: string): Promise<Revoked> =>
      Revoked.parse(await ask('POST', '/revocations', { email })),
  }
}

// notifications: optional
/** Has the app `notifications` mail the link of an invitation: it keeps neither the link nor the mail. */
export async function mailInvitation(
  { url, token: appToken }: AppAccess,
  body: { email: string; token: string },
): Promise<Mailed> {
  const headers = { 'dapr-api-token': appToken }
  return Mailed.parse(await askAt(url, 'POST', '/internal/invitations', body, headers))
}
// /notifications

/** The page on which an invitation is accepted. The token is in the fragment: no server gets it, and no log keeps it. */
export const invitationLink = (shopUrl: string, token: string): string =>
  new URL(`/invitation#${token}`, shopUrl).href
