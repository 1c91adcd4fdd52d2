/** A value as one word of a POSIX shell, whatever it contains. */
export const quoted = (value: string): string => `'${value.replaceAll("'", `'\\''`)}'`
