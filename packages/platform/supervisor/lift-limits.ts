/**
 * All load comes from one address and a few accounts. A command that starts a shop to put it under load calls this first;
 * the shop's processes inherit the variable. A shop that is open already keeps the limits it was started with.
 */
export function raiseLimits(): void {
  process.env.LIMITS_FACTOR ??= '100'
}
