import { line, secret } from '@sidecart/chassis/contract/text.ts'

/** No link and no address: a name is written into mails. */
const link = String.raw`://|\b[wW]{3}\.|@|[\p{L}\p{N}]{2,}\.[a-zA-Z]{2,}(?![\p{L}.])`
const linkPattern = new RegExp(link, 'u')
export const Name = line(100)
  .refine((name) => !linkPattern.test(name), 'a name without links or addresses')
  .openapi({ example: 'Ada Lovelace', not: { pattern: link } })
export const Password = secret({ min: 10, max: 128 }).openapi({
  example: 'three brass lamps, lit',
})
/** A password to be compared: rules may have been others when it was chosen. */
export const GivenPassword = secret({ min: 1, max: 128 })
