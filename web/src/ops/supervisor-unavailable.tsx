import { Notice, Outage } from '../ui/notice.tsx'
import { isUnsupervised } from './queries.ts'

/** Shown instead of data from the supervisor. */
export function SupervisorUnavailable({ error }: { error: unknown }) {
  if (!isUnsupervised(error)) return <Outage what="The supervisor" />
  return (
    <Notice>
      <p>
        <strong>This shop runs without a supervisor.</strong> Processes, invariants and faults are
        shown for a shop started with <code>npm start</code>.
      </p>
    </Notice>
  )
}
