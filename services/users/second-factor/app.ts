import type { App } from '@sidecart/chassis/http/app.ts'
import { usersRoutes } from '../contract.ts'
import { refuse } from '../domain.ts'
import type { SecondFactor, SecondFactors, SecretBox, Throttle } from '../ports.ts'
import type { Proofs } from '../proof.ts'
import type { RequestLog } from '../request.ts'
import {
  hashOfRecoveryCode,
  isRecoveryCode,
  newRecoveryCodes,
  newSecret,
  stepOf,
  uriOf,
} from './second-factor.ts'

export type SecondFactorPorts = {
  secondFactors: SecondFactors
  secretBox: SecretBox
  throttle: Throttle
  now: () => Date
}

export type SecondFactorCheck = ReturnType<typeof createSecondFactorCheck>

/** Checks the second factor of a user. */
export function createSecondFactorCheck(ports: SecondFactorPorts) {
  const { secondFactors, secretBox, throttle, now } = ports

  async function accepts(userId: string, factor: SecondFactor, code: string): Promise<boolean> {
    if (isRecoveryCode(code)) return secondFactors.useRecoveryCode(userId, hashOfRecoveryCode(code))
    const step = stepOf(await secretBox.open(userId, factor.sealedSecret), code, now())
    return step !== undefined && (await secondFactors.useStep(userId, step))
  }

  /**
   * Checks the code of a user with a second factor; other users need none.
   *
   * @param missing the code of the refusal without a code
   * @throws Refusal `missing`, `wrong-code`, `too-many-requests`
   */
  async function mustPass(
    userId: string,
    code: string | undefined,
    missing: Missing = 'second-factor-required',
  ): Promise<void> {
    const factor = await secondFactors.find(userId)
    if (!factor?.confirmedAt) return
    if (code === undefined) throw refuse(missing, 'Send a code of your authenticator app too.')
    if (!(await throttle.code({ userId }, () => accepts(userId, factor, code)))) throw wrongCode()
  }

  const isOn = async (userId: string): Promise<boolean> =>
    (await secondFactors.find(userId))?.confirmedAt !== undefined

  return { mustPass, isOn }
}

type Missing = 'second-factor-required' | 'code-required'

type MountOptions = SecondFactorPorts & {
  proofs: Proofs
  security: RequestLog
}

/** Mounts the routes with which users turn a second factor on and off. */
export function mountSecondFactor(app: App, options: MountOptions): void {
  const { secondFactors, secretBox, throttle, now, proofs, security } = options

  app.openapi(usersRoutes.secondFactor, async (c) => {
    const factor = await secondFactors.find(c.get('identity').userId)
    const on = factor?.confirmedAt !== undefined
    return c.json({ on, recoveryCodes: factor?.recoveryCodes ?? 0 }, 200)
  })

  app.openapi(usersRoutes.addSecondFactor, async (c) => {
    const { userId, email } = await proofs.provePassword(c, c.req.valid('json').currentPassword)
    const secret = newSecret()
    await secondFactors.propose(userId, await secretBox.seal(userId, secret))
    return c.json({ secret, uri: uriOf(secret, email) }, 200)
  })

  app.openapi(usersRoutes.confirmSecondFactor, async (c) => {
    const { userId, sessionId } = c.get('identity')
    const { code } = c.req.valid('json')
    const factor = await secondFactors.find(userId)
    if (!factor) throw refuse('second-factor-off', 'Ask for a secret first.')
    const { sealedSecret } = factor
    const secret = await secretBox.open(userId, sealedSecret)
    let step: number | undefined
    await throttle.code({ userId }, async () => {
      step = stepOf(secret, code, now())
      return step !== undefined
    })
    if (step === undefined) throw wrongCode()
    const recoveryCodes = newRecoveryCodes()
    const recoveryHashes = recoveryCodes.map(hashOfRecoveryCode)
    await secondFactors.confirm({
      ...{ userId, sessionId, sealedSecret, step, recoveryHashes },
      now: now(),
    })
    security(c, 'user_updated', { userId, attribute: 'second-factor-on' })
    return c.json({ recoveryCodes }, 200)
  })

  app.openapi(usersRoutes.removeSecondFactor, async (c) => {
    const { userId } = await proofs.proveOwner(c, c.req.valid('json'))
    const factor = await secondFactors.find(userId)
    if (!factor?.confirmedAt) throw refuse('second-factor-off', 'There is no second factor.')
    await secondFactors.remove(userId)
    security(c, 'user_updated', { userId, attribute: 'second-factor-off' })
    return c.body(null, 204)
  })
}

const wrongCode = () =>
  refuse('wrong-code', 'The code is wrong, was used before, or is too old. Wait for the next one.')
