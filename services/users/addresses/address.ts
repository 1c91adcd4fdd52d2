import { z } from '@sidecart/chassis/contract/openapi.ts'
import { line } from '@sidecart/chassis/contract/text.ts'
import { refused } from '@sidecart/chassis/core/errors.ts'

/** ISO 3166-1 alpha-2. */
export const countries =
  `AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
  CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR
  GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP
  KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT
  MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW
  SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ
  UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW`.split(/\s+/)

/** Countries without postal codes (Universal Postal Union). */
const withoutPostalCode = new Set(
  `AE AG AN AO AW BF BI BJ BO BQ BS BW BZ CD CF CG CI CK CM CW DJ DM ER FJ GA GD GH GM GQ GY HK HM JM KI KM KN KP LC
  ML MO MR MW NR NU QA RW SB SC SL SR SS ST SX SY TD TF TG TK TL TO TT TV TZ UG UM VU YE ZW`.split(
    /\s+/,
  ),
)

/** Well-known forms, without spaces, hyphens and the country's own prefix: `9` is a digit, `A` a letter. */
const postalCodeForms: Record<string, string> = {
  ...ofDigits(3, 'IS'),
  ...ofDigits(4, 'AT AU BE BG CH CY DK HU LI LU LV NO NZ SI'),
  ...ofDigits(5, 'CZ DE EE ES FI FR GR HR IT LT MC PL SE SK SM VA'),
  ...ofDigits(6, 'RO'),
  ...ofDigits(7, 'JP PT'),
  CA: 'A9A9A9',
  MT: 'AAA9999',
  NL: '9999AA',
}

function ofDigits(digits: number, codes: string): Record<string, string> {
  return Object.fromEntries(codes.split(' ').map((code) => [code, '9'.repeat(digits)]))
}

export const hasPostalCode = (country: string): boolean => !withoutPostalCode.has(country)

const gap = String.raw`[\s-]*`
/** "D-20457", "LV-1050": with the country before it. */
const prefix = `(?:[A-Za-z]${gap}){0,2}`
const plausible = `^${gap}(?:[A-Za-z0-9]${gap}){2,10}$`

/** Returns what a postal code of a country looks like, as a regular expression. */
function patternFor(country: string): string {
  const form = postalCodeForms[country]
  if (!form) return plausible
  const runs = form.match(/9+|A+/g)?.map((run) => {
    const character = run.startsWith('9') ? '[0-9]' : '[A-Za-z]'
    return `(?:${character}${gap}){${run.length}}`
  })
  return `^${gap}${/^9+$/.test(form) ? prefix : ''}${runs?.join('')}$`
}

const patterns = new Map(
  countries.filter(hasPostalCode).map((country) => [country, patternFor(country)]),
)

/** Says what is wrong with a postal code. Countries without postal codes take any, and none. */
function faultOf({ country, postalCode }: { country: string; postalCode: string }) {
  const pattern = patterns.get(country)
  if (pattern === undefined) return undefined
  if (postalCode === '') return 'required'
  return new RegExp(pattern).test(postalCode) ? undefined : 'not a postal code of this country'
}

/** The same rules for API documents, by groups of countries. */
const documentedPostalCodes = [
  { properties: { country: { enum: countries.filter((country) => !patterns.has(country)) } } },
  ...[...new Set(patterns.values())].map((pattern) => ({
    properties: {
      country: { enum: countries.filter((country) => patterns.get(country) === pattern) },
      postalCode: { pattern },
    },
    required: ['postalCode'],
  })),
]

/** An address as it was kept: the rules may have been others then, and another country may have been shipped to. */
export const keptAddress = {
  name: z.string(),
  street: z.string(),
  postalCode: z.string(),
  city: z.string(),
  country: z.string(),
}

const addressFields = {
  name: line(100).openapi({ example: 'Ada Lovelace' }),
  street: line(200).openapi({ example: 'Harbour Road 1' }),
  postalCode: line(20, { min: 0 })
    .default('')
    .openapi({ description: 'Required where the country has postal codes.', example: '20457' }),
  city: line(100).openapi({ example: 'Hamburg' }),
  country: z.enum(countries, 'an ISO 3166 alpha-2 code').openapi({ example: 'DE' }),
}

/** Where something is sent to. */
export const PostalAddress = z
  .strictObject(addressFields)
  .superRefine((address, context) => {
    const message = faultOf(address)
    if (message) context.addIssue({ code: 'custom', path: ['postalCode'], message })
  })
  .openapi('PostalAddress', { anyOf: documentedPostalCodes } as object)
export type PostalAddress = z.infer<typeof PostalAddress>

const europe =
  'AD AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LI LT LU LV MC MT NL NO PL PT RO SE SI SK SM VA'

/** The setting `SHIPS_TO`: ISO 3166-1 alpha-2 codes, separated by spaces or commas. */
export const ShipsTo = z
  .string()
  .default(europe)
  .transform((text) => text.split(/[\s,]+/).filter(Boolean))
  .pipe(z.array(z.enum(countries, 'ISO 3166 alpha-2 codes, as in "DE FR"')).min(1))

/** @throws Refusal `country-not-served` naming the field when the shop does not ship to this country */
export function mustShipTo(shipsTo: readonly string[], country: string, field = 'country'): void {
  if (shipsTo.includes(country)) return
  const message = `we do not ship to ${country}`
  throw refused('country-not-served', `${field}: ${message}`, { errors: [{ field, message }] })
}

/** Returns what two ways to write the same address have in common: not case, spaces, nor commas and full stops. */
export const comparable = ({ name, street, postalCode, city, country }: PostalAddress): string =>
  [name, street, postalCode.toUpperCase().replace(/[\s-]/g, ''), city, country]
    .map((part) =>
      part
        .normalize('NFKC')
        .toLowerCase()
        .replace(/[\s.,]+/gu, ' ')
        .trim(),
    )
    .join('\n')
