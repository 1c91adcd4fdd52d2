import type { ReactNode } from 'react'
import { isOutage, type ShopProblem } from '../api/problem.ts'
import { Icon, type IconName } from './icon.tsx'
import { messageOf } from './use-form.ts'

type Tone = 'plain' | 'good' | 'warn' | 'bad'
const icons: Record<Tone, IconName> = { plain: 'clock', good: 'check', warn: 'alert', bad: 'alert' }

/** A message within the page; `bad` ones interrupt a screen reader, others wait. */
export function Notice({ tone = 'plain', children }: { tone?: Tone; children: ReactNode }) {
  return (
    <div className={`notice ${tone}`} role={tone === 'bad' ? 'alert' : 'status'}>
      <Icon name={icons[tone]} />
      <div>{children}</div>
    </div>
  )
}

/** The error of a form as a whole. */
export function Refused({ problem }: { problem: ShopProblem | undefined }) {
  return problem && <Notice tone={isOutage(problem) ? 'warn' : 'bad'}>{messageOf(problem)}</Notice>
}

/** Shown in place of unavailable data, which is requested again automatically. */
export function Outage({ what, children }: { what: string; children?: ReactNode }) {
  return (
    <Notice tone="warn">
      <p>
        <strong>{what} cannot be reached at the moment.</strong> We keep trying; this page mends
        itself.
      </p>
      {children}
    </Notice>
  )
}
