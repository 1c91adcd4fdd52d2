/*
 * Conditional requests, RFC 9110 section 13. Both headers hold `*` or a list of entity tags; a comma may be part of a tag.
 */
const list = /^\s*(?:,\s*)*(?:(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"\s*(?:,\s*|$))+$/
const tags = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g

/** The tags of a header, or `*`; none when it is malformed, so that a tag that nobody understands matches nothing. */
function tagsIn(header: string): readonly string[] | '*' {
  if (header.trim() === '*') return '*'
  return list.test(header) ? (header.match(tags) ?? []) : []
}

/**
 * Whether a request with this `If-None-Match` knows the representation already, so that 304 is the answer. Tags are
 * compared weakly: anyone who compresses on the way makes them weak.
 *
 * @param etag of the current representation, quotes included
 */
export function isKnown(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false
  const known = tagsIn(ifNoneMatch)
  return known === '*' || known.some((tag) => opaque(tag) === opaque(etag))
}

/**
 * Whether a change with this `If-Match` may be made to what exists; without the header it may. Tags are compared
 * strongly: a weak one never matches.
 *
 * @param isCurrent whether a strong tag, quotes included, is of what is there now
 */
export function mayChange(
  ifMatch: string | undefined,
  isCurrent: (etag: string) => boolean,
): boolean {
  if (ifMatch === undefined) return true
  const seen = tagsIn(ifMatch)
  return seen === '*' || seen.some((tag) => !tag.startsWith('W/') && isCurrent(tag))
}

const opaque = (tag: string): string => tag.replace(/^W\//, '')
