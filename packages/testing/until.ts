/**
 * Polls until `condition` returns a truthy value, and returns the value. @throws Error naming `what` after
 * `timeoutMs` ms
 */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  timeoutMs = 10_000,
  everyMs = 20,
): Promise<NonNullable<T>> {
  for (const deadline = Date.now() + timeoutMs; ; ) {
    const value = await condition()
    if (value) return value
    if (Date.now() > deadline)
      throw new Error(`timed out after ${timeoutMs} ms waiting until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}
