/** What an error says, without the body of the answer that it quotes. */
export const brief = (text: string): string => text.replace(/:?\s*\{.*$/s, '')
