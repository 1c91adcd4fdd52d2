import { describe, expect, it } from 'vitest'
import { isKnown, mayChange } from './etags.ts'

describe('If-None-Match', () => {
  it('is met by the tag, weak or strong, alone or in a list, and by *', () => {
    for (const header of ['"a"', 'W/"a"', '"b", "a"', '"b",W/"a" , "c"', '*', ' * ', ', "a",'])
      expect(isKnown(header, '"a"'), header).toBe(true)
    expect(isKnown('"a"', 'W/"a"')).toBe(true)
    expect(isKnown('"b, "', '"b, "')).toBe(false) // a space is not part of a tag
    expect(isKnown('"b,c", "d"', '"b,c"')).toBe(true)
  })

  it('is not met by another tag, nor by what is no tag', () => {
    for (const header of [undefined, '', '"b"', 'a', '"a', 'W/a', '"a" "b"', '"b,"a"', '**'])
      expect(isKnown(header, '"a"'), header).toBe(false)
  })
})

describe('If-Match', () => {
  const isCurrent = (tag: string) => tag === '"a"'

  it('lets a change through without it, with the tag, with a list that has it, and with *', () => {
    for (const header of [undefined, '"a"', '"b", "a"', '*'])
      expect(mayChange(header, isCurrent), header).toBe(true)
  })

  it('stops a change with another tag, a weak one, or none that can be read', () => {
    for (const header of ['', '"b"', 'W/"a"', 'W/"b", W/"a"', 'a', '"a'])
      expect(mayChange(header, isCurrent), header).toBe(false)
  })
})
