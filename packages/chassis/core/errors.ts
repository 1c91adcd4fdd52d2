/** A domain error: the request was understood and the business declines it. Repeating gives the same answer. */
export class Refusal extends Error {
  readonly code: string
  /** Further members of the problem document, such as the invalid field. */
  readonly extra: Record<string, unknown>

  constructor(code: string, detail: string, extra: Record<string, unknown> = {}) {
    super(detail)
    this.name = 'Refusal'
    this.code = code
    this.extra = extra
  }
}

/**
 * A transient error with unknown outcome: a time-out, a 5xx, a lost connection. Repeating with the same key may
 * succeed.
 */
export class Fault extends Error {
  readonly code: string

  constructor(code: string, detail: string, options?: { cause?: unknown }) {
    super(detail, options)
    this.name = 'Fault'
    this.code = code
  }
}

/** @example throw refused('order-already-shipped', `Order ${id} is on its way; return it instead.`) */
export const refused = (code: string, detail: string, extra?: Record<string, unknown>): Refusal =>
  new Refusal(code, detail, extra)
