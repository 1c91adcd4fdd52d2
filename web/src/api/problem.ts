/** A problem document (RFC 9457) as an error, also for a missing response. */
export class ShopProblem extends Error {
  override name = 'ShopProblem'
  /** HTTP status; 0 without a response. */
  readonly status: number
  /** Stable, for programs: `out-of-stock`, `unauthenticated`, `unreachable` … */
  readonly code: string
  /** Errors by field of the request. */
  readonly errors: readonly FieldError[]
  /** The whole document. Additional members of a code are defined in the contract of the route. */
  readonly document: unknown

  constructor(
    status: number,
    code: string,
    detail: string,
    errors: readonly FieldError[] = [],
    document: unknown = {},
  ) {
    super(detail)
    this.status = status
    this.code = code
    this.errors = errors
    this.document = document
  }
}

export type FieldError = { field: string; message: string }

export const unreachable = (): ShopProblem =>
  new ShopProblem(0, 'unreachable', 'The shop cannot be reached.')

/** Whether a later retry may succeed without any change to the request. */
export const isOutage = (error: unknown): boolean =>
  error instanceof ShopProblem &&
  (error.status === 0 || error.status === 429 || error.status >= 500)

export const isProblem = (error: unknown, code: string): error is ShopProblem =>
  error instanceof ShopProblem && error.code === code

export async function problemOf(answer: Response): Promise<ShopProblem> {
  const payload = (await answer.json().catch(() => ({}))) as Record<string, unknown>
  const detail = String(payload.detail ?? payload.title ?? 'Something went wrong.')
  const code = String(payload.code ?? 'unavailable')
  return new ShopProblem(
    answer.status,
    code,
    detail,
    (payload.errors ?? []) as FieldError[],
    payload,
  )
}
