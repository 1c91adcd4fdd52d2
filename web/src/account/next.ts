/**
 * Where to go on after signing in: a page of this shop, or `undefined`. It is read as a browser reads it, so that
 * nothing that leads to another site (`//…`, `/\…`, a tab in between) passes for a path.
 */
export function pageOfThisShop(next: unknown, origin = location.origin): string | undefined {
  if (typeof next !== 'string' || !next.startsWith('/') || !URL.canParse(next, origin))
    return undefined
  const { origin: itsOrigin, pathname, search, hash } = new URL(next, origin)
  return itsOrigin === origin && !pathname.startsWith('//') ? pathname + search + hash : undefined
}
