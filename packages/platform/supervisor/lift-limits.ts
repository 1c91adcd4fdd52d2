/**
 * Raises the rate limits, because load tests use one address and a few accounts. A command calls this function before
 * starting a shop; the shop's processes inherit the variable. A running shop keeps its limits.
 */
export function raiseLimits(): void {
  process.env.LIMITS_FACTOR ??= '100'
}
