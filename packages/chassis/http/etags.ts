/*
 * Conditional requests, RFC 9110 section 13. Both headers hold `*` or a list of entity tags; a comma may be part of a tag.
 */
const list = /^\s*(?:,\s*)*(?:(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"\s*(?:(?:,\s*)+|$))+$/
const tags = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g

/** Returns the tags of a header, or `*`. A malformed header has no tags and therefore matches nothing. */
function tagsIn(header: string): readonly string[] | '*' {
  if (header.trim() === '*') return '*'
  return list.test(header) ? (header.match(tags) ?? []) : []
}

/**
 * Returns whether `If-None-Match` contains the current tag (then the response is 304). Comparison is weak, because a
 * compressing proxy makes tags weak.
 *
 * @param etag of the current representation, quotes included
 */
export function isKnown(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false
  const known = tagsIn(ifNoneMatch)
  return known === '*' || known.some((tag) => opaque(tag) === opaque(etag))
}

/**
 * Returns whether `If-Match` permits changing the existing entry; a missing header permits. Comparison is strong:
 * weak tags never match.
 *
 * @param isCurrent whether a strong tag, quotes included, is the tag of the current representation
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
