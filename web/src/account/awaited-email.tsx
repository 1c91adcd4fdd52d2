// notifications: optional file
import type { usersRoutes } from '@sidecart/users/contract.ts'
import { useMutation, useQuery } from '@tanstack/react-query'
import { ask } from '../api/client.ts'
import { isOutage } from '../api/problem.ts'
import { profileQuery } from '../api/queries.ts'
import { Button } from '../ui/button.tsx'
import { Notice } from '../ui/notice.tsx'
import { toast } from '../ui/toasts.tsx'

/** Asks for the link to be opened that was sent to an address, as long as that has not been done. */
export function AwaitedEmail() {
  const { data } = useQuery(profileQuery())
  const { mutate, isPending } = useMutation({
    mutationFn: () =>
      ask<typeof usersRoutes.resendConfirmation>('post', '/users/me/confirmation', {}),
    onSuccess: () => toast('The mail is on its way again.'),
    onError: (error) =>
      toast(isOutage(error) ? 'Not sent: your account does not answer.' : error.message),
  })
  if (!data || (data.emailConfirmed !== false && !data.pendingEmail)) return undefined
  return (
    <Notice tone="warn">
      <p>
        <strong>Confirm your e-mail.</strong> Open the link that we sent to{' '}
        {data.pendingEmail ?? data.email}.{' '}
        {!data.emailConfirmed && 'Until then you get no mails about your orders.'}
      </p>
      <Button look="quiet" busy={isPending} onClick={() => mutate()}>
        Send it again
      </Button>
    </Notice>
  )
}
