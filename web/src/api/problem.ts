/** Why the shop said no, or that it said nothing: a problem document (RFC 9457) as an error. */
export class ShopProblem extends Error {
  override name = 'ShopProblem'
  /** HTTP status; 0 when there was no answer. */
  readonly status: number
  /** Stable, for programs: `out-of-stock`, `unauthenticated`, `unreachable` … */
  readonly code: string
  /** What is wrong with which field of the request. */
  readonly errors: readonly FieldError[]
  /** The whole document: what a code adds to it is in the contract of the route. */
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

/** Whether it may work a little later without anybody changing anything. */
export const isOutage = (error: unknown): boolean =>
  error instanceof ShopProblem &&
  (error.status === 0 || error.status === 429 || error.status >= 500)

export const isProblem = (error: unknown, code: string): error is ShopProblem =>
  error instanceof ShopProblem && error.code === code

export async function problemOf(answer: Response): Promise<ShopProblem> {
  const said = (await answer.json().catch(() => ({}))) as Record<string, unknown>
  const detail = String(said.detail ?? said.title ?? 'Something went wrong.')
  const code = String(said.code ?? 'unavailable')
  return new ShopProblem(answer.status, code, detail, (said.errors ?? []) as FieldError[], said)
}
