/**
 * Returns the text of a file, given the present text; `undefined` in either place means that there is no file.
 * Generators keep the parts of a present file that are not theirs.
 */
export type Generate = (before: string | undefined) => string | undefined

/** Generators by path from the root of the checkout. */
export type GeneratedFiles = Record<string, Generate>

/** Generates a file only where it exists: a project may do without. */
export const ifThere =
  (generate: (before: string) => string): Generate =>
  (before) =>
    before === undefined ? undefined : generate(before)

/** The first words of a file that is generated as a whole. */
export const writtenBy = 'Written by `./sidecart generate`'

/** Whether a file is generated as a whole. A file without this mark is never changed. */
export const isGenerated = (text = ''): boolean => text.slice(0, 400).includes(writtenBy)
