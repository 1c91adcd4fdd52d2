/**
 * A random id of 128 bits. `crypto.randomUUID` exists in secure contexts only, and a shop may be
 * served without TLS.
 */
export const randomId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
