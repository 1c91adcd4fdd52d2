import type { usersRoutes } from '@sidecart/users/contract.ts'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { encode } from 'uqr'
import { ask } from '../api/client.ts'
import { profileQuery, secondFactorQuery } from '../api/queries.ts'
import { Button } from '../ui/button.tsx'
import { Refused } from '../ui/notice.tsx'
import { toast } from '../ui/toasts.tsx'
import { useForm } from '../ui/use-form.ts'
import { CodeField, CurrentPassword, normalised } from './credentials.tsx'

type Proposed = { secret: string; uri: string }

/** Turns a second factor on and off: a code of an authenticator app beside the password. */
export function SecondFactor() {
  const queries = useQueryClient()
  const { data } = useQuery(secondFactorQuery())
  const [proposed, setProposed] = useState<Proposed>()
  const [recoveryCodes, setRecoveryCodes] = useState<string[]>()
  const changed = async (codes?: string[]) => {
    setProposed(undefined)
    setRecoveryCodes(codes)
    await queries.invalidateQueries({ queryKey: secondFactorQuery().queryKey })
    await queries.invalidateQueries({ queryKey: profileQuery().queryKey })
  }
  return (
    <section className="card stack" aria-labelledby="second-factor">
      <h2 id="second-factor">Second factor</h2>
      {recoveryCodes && <RecoveryCodes codes={recoveryCodes} />}
      {data?.on ? (
        <>
          <p>
            On: signing in takes a code of your authenticator app. Recovery codes left:{' '}
            {data.recoveryCodes}.
          </p>
          <TurnOff done={changed} />
        </>
      ) : proposed ? (
        <TurnOn proposed={proposed} done={changed} />
      ) : (
        data && <Begin propose={setProposed} />
      )}
    </section>
  )
}

function Begin({ propose }: { propose: (proposed: Proposed) => void }) {
  const { faults, busy, problem, submit } = useForm(async ({ currentPassword = '' }) => {
    const body = { currentPassword }
    propose(
      await ask<typeof usersRoutes.addSecondFactor>('post', '/users/me/second-factor', { body }),
    )
  })
  return (
    <form className="stack" noValidate onSubmit={submit}>
      <p>
        Off: signing in takes the password only. With an authenticator app, it takes a code too.
      </p>
      <Refused problem={problem} />
      <CurrentPassword fault={faults.currentPassword} />
      <div>
        <Button type="submit" look="quiet" busy={busy}>
          Set up an app
        </Button>
      </div>
    </form>
  )
}

function TurnOn({
  proposed: { secret, uri },
  done,
}: {
  proposed: Proposed
  done: (codes: string[]) => Promise<void>
}) {
  const { faults, busy, problem, submit } = useForm(async ({ code = '' }) => {
    const path = '/users/me/second-factor/confirmation'
    const body = { code: normalised(code) }
    const { recoveryCodes } = await ask<typeof usersRoutes.confirmSecondFactor>('post', path, {
      body,
    })
    await done(recoveryCodes)
  })
  return (
    <form className="stack" noValidate onSubmit={submit}>
      <p>Scan this with your authenticator app, or type the secret into it:</p>
      <QrCode text={uri} />
      <p>
        <code>{secret.match(/.{4}/g)?.join(' ')}</code>
      </p>
      <Refused problem={problem} />
      <CodeField fault={faults.code} />
      <div>
        <Button type="submit" busy={busy}>
          Turn it on
        </Button>
      </div>
    </form>
  )
}

function TurnOff({ done }: { done: () => Promise<void> }) {
  const { faults, busy, problem, submit } = useForm(async ({ currentPassword = '', code = '' }) => {
    const body = { currentPassword, code: normalised(code) }
    await ask<typeof usersRoutes.removeSecondFactor>('post', '/users/me/second-factor/removal', {
      body,
    })
    toast('Signing in takes the password only from now on.')
    await done()
  })
  return (
    <form className="stack" noValidate onSubmit={submit}>
      <Refused problem={problem} />
      <CurrentPassword fault={faults.currentPassword} />
      <CodeField fault={faults.code} />
      <div>
        <Button type="submit" look="quiet" busy={busy}>
          Turn it off
        </Button>
      </div>
    </form>
  )
}

function RecoveryCodes({ codes }: { codes: readonly string[] }) {
  return (
    <div className="stack">
      <p>
        <strong>Keep these recovery codes.</strong> Each is accepted once instead of a code of the
        app. They are not shown again.
      </p>
      <ul aria-label="Recovery codes">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
    </div>
  )
}

const border = 4

function QrCode({ text }: { text: string }) {
  const { data, size } = encode(text, { border })
  const modules = data.flatMap((row, y) =>
    row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : [])),
  )
  return (
    <svg
      className="qr-code"
      viewBox={`0 0 ${size} ${size}`}
      role="img"
      aria-label="QR code of the secret"
    >
      <rect width={size} height={size} fill="#fff" />
      <path d={modules.join('')} fill="#000" shapeRendering="crispEdges" />
    </svg>
  )
}
