import { mkdir } from 'node:fs/promises'
import { findPackageJSON } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { accepts, answers, type Started, startAndWait } from '../process/start-process.ts'

export type MailOptions = {
  /** Folder of the newest mails, which survive a restart. */
  dir: string
  smtpPort?: number
  webPort?: number
  logFile: string
}

/**
 * Starts an SMTP server on 127.0.0.1 that forwards no mail and shows all mail in a web inbox (`GET
 * <inboxUrl>/api/email`, `DELETE <inboxUrl>/api/email/all`). Throws when a port is taken or the server does not answer.
 */
export async function startMail({
  smtpPort = 1025,
  webPort = 1080,
  logFile,
  ...options
}: MailOptions): Promise<Started & { inboxUrl: string }> {
  const dir = resolve(options.dir)
  await mkdir(dir, { recursive: true })
  const inboxUrl = `http://127.0.0.1:${webPort}`
  const smtp = ['--smtp', String(smtpPort), '--ip', '127.0.0.1']
  const web = ['--web', String(webPort), '--web-ip', '127.0.0.1']
  const kept = ['--max-emails', String(mostMails)]
  const started = await startAndWait(
    {
      name: 'maildev',
      command: process.execPath,
      args: [
        ...['--import', greetAtOnce, program(), ...smtp, ...web, ...kept],
        // otherwise maildev logs the recipients of each mail
        ...['--silent', '--mail-directory', dir],
      ],
      cwd: dir,
      logFile,
    },
    {
      ports: [smtpPort, webPort],
      ready: async () => (await answers(`${inboxUrl}/api/healthz`)) && accepts(smtpPort),
    },
  )
  return { ...started, inboxUrl }
}

/** At the start maildev reads all stored mails: about 600 a second, far fewer on a busy machine. */
const mostMails = 1000

const greetAtOnce = new URL('maildev-patch.ts', import.meta.url).href

function program(): string {
  const manifest = findPackageJSON('maildev', import.meta.url)
  if (!manifest) throw new Error('maildev is not installed: run npm install')
  return join(dirname(manifest), 'dist', 'bin', 'maildev.js')
}
