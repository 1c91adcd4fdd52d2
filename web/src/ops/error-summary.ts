/** Returns an error message without the quoted response body. */
export const brief = (text: string): string => text.replace(/:?\s*\{.*$/s, '')
