import { timingSafeEqual } from 'node:crypto'

/** Compares secrets in a time that does not depend on where they differ. */
export const isEqual = (given: Buffer, expected: Buffer): boolean =>
  given.length === expected.length && timingSafeEqual(given, expected)
