import fc from 'fast-check'
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

describe('any header', () => {
  const opaque = fc
    .array(fc.integer({ min: 0x21, max: 0xff }), { maxLength: 10 })
    .map((codes) => String.fromCharCode(...codes.filter((code) => code !== 0x22 && code !== 0x7f)))
    .map((text) => text.replace(/[\x80-\x9f]/g, ''))
  const tag = fc
    .tuple(fc.constantFrom('', 'W/'), opaque)
    .map(([weak, text]) => ({ text, written: `${weak}"${text}"` }))
  const separator = fc.constantFrom(',', ', ', ' ,\t', ',,', ' , , ')

  it('that is a list of tags is met by each of them, and If-Match by the strong ones', () => {
    const lists = fc.tuple(fc.array(tag, { minLength: 1, maxLength: 6 }), separator)
    fc.assert(
      fc.property(lists, ([tags, between]) => {
        const header = tags.map(({ written }) => written).join(between)
        for (const { text, written } of tags) {
          expect(isKnown(header, `"${text}"`)).toBe(true)
          const strong = tags.filter((one) => !one.written.startsWith('W/'))
          const isStrong = strong.some((one) => one.text === text)
          expect(
            mayChange(header, (current) => current === `"${text}"`),
            written,
          ).toBe(isStrong)
        }
      }),
    )
  })

  it('is read without an error, and permits no change unless it is * or has a quoted tag', () => {
    const piece = fc.constantFrom('"', 'W/', ',', ' ', '*', 'a', '\\', '\t', 'ÿ')
    const pieces = fc.array(piece, { maxLength: 30 }).map((all) => all.join(''))
    fc.assert(
      fc.property(fc.oneof(pieces, fc.string({ unit: 'binary' })), (header) => {
        isKnown(header, '"a"')
        if (mayChange(header, () => true))
          expect(header.trim() === '*' || /"/.test(header)).toBe(true)
      }),
      { numRuns: 500 },
    )
  }, 60_000)

  it.each(['"', ',', ' ,', '"a" ', 'W/"a",', 'W/', '", "'])(
    'of 64 KB is read at once: %j …',
    (piece) => {
      const header = `${piece.repeat(65_536 / piece.length)}"`
      const startedAt = performance.now()
      isKnown(header, '"b"')
      mayChange(header, () => false)
      expect(performance.now() - startedAt).toBeLessThan(1_000)
    },
  )
})
