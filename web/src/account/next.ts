/**
 * Returns the page to open after signing in, a path of this shop, or `undefined`. The value is
 * parsed like in a browser, so nothing leading to another site (`//…`, `/\…`, a tab in between)
 * passes for a path.
 */
export function pageOfThisShop(next: unknown, origin = location.origin): string | undefined {
  if (typeof next !== 'string' || !next.startsWith('/') || !URL.canParse(next, origin))
    return undefined
  const { origin: itsOrigin, pathname, search, hash } = new URL(next, origin)
  return itsOrigin === origin && !pathname.startsWith('//') ? pathname + search + hash : undefined
}
