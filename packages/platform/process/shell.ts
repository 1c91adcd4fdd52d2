/** Returns a value quoted as one word of a POSIX shell. */
export const quoted = (value: string): string => `'${value.replaceAll("'", `'\\''`)}'`
