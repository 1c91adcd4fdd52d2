/** Control characters, and characters that end, split or decode a path again. */
const notPlain = /[\p{Cc}\\%?#]/u

/**
 * Returns whether every hop splits the path of a request target into the same segments, however often a hop decodes
 * or cleans the path: one round of percent-decoding yields UTF-8 text without control characters, `\`, `%`, `?`, `#`,
 * further slashes, empty segments (a trailing slash aside) or the segments `.` and `..`. The query is ignored.
 *
 * @example isPlainPath('/products/MUG%20BLUE?q=1') // true; false for '/products/%252e%252e/metrics'
 */
export function isPlainPath(target: string): boolean {
  const [path = ''] = target.split('?')
  const text = decoded(path)
  if (text === undefined || !text.startsWith('/') || notPlain.test(text)) return false
  const segments = text.slice(1).split('/')
  if (segments.length !== path.split('/').length - 1) return false
  const isLast = (index: number) => index === segments.length - 1
  return segments.every((segment, index) =>
    segment === '' ? isLast(index) : segment !== '.' && segment !== '..',
  )
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}
