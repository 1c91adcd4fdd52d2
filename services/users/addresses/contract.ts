import {
  body,
  createRoute,
  empty,
  json,
  linksTo,
  refusal,
  z,
} from '@sidecart/chassis/contract/openapi.ts'
import { countries, keptAddress, PostalAddress } from './address.ts'

export const Address = z.object({ addressId: z.uuid(), ...keptAddress }).openapi('Address')
export type Address = z.infer<typeof Address>

/** A country that the shop ships to. */
const Country = z
  .object({
    country: z.enum(countries),
    postalCode: z.boolean().openapi({ description: 'Whether it has postal codes' }),
  })
  .openapi('Country')

const tags = ['users']
const security = [{ bearer: [] }]
const addressParams = z.strictObject({ addressId: z.uuid() })
const location = { headers: z.object({ location: z.string() }) }
const countryNotServed = refusal('`country-not-served`: `GET /countries` lists those that are')
const addressLinks = linksTo(
  { addressId: '$response.body#/addressId' },
  {
    replace: 'put /users/me/addresses/{addressId}',
    remove: 'delete /users/me/addresses/{addressId}',
  },
)

export const addressRoutes = {
  countries: createRoute({
    method: 'get',
    path: '/countries',
    tags,
    summary: 'Countries that the shop ships to',
    responses: { 200: json(z.object({ countries: z.array(Country) })) },
  }),
  addresses: createRoute({
    method: 'get',
    path: '/users/me/addresses',
    tags,
    summary: 'Own addresses, oldest first',
    security,
    responses: { 200: json(z.object({ addresses: z.array(Address) })) },
  }),
  addAddress: createRoute({
    method: 'post',
    path: '/users/me/addresses',
    tags,
    summary: 'Add an address (at most 20)',
    security,
    request: { body: body(PostalAddress) },
    responses: {
      200: { ...json(Address, 'It was in the book already'), ...location, links: addressLinks },
      201: { ...json(Address, 'Added'), ...location, links: addressLinks },
      409: refusal('`too-many-addresses`'),
      422: countryNotServed,
    },
  }),
  replaceAddress: createRoute({
    method: 'put',
    path: '/users/me/addresses/{addressId}',
    tags,
    summary: 'Replace an address',
    security,
    request: { params: addressParams, body: body(PostalAddress) },
    responses: {
      200: json(Address),
      409: refusal('`address-known`: another address of the book says the same'),
      422: countryNotServed,
    },
  }),
  removeAddress: createRoute({
    method: 'delete',
    path: '/users/me/addresses/{addressId}',
    tags,
    summary: 'Remove an address',
    security,
    request: { params: addressParams },
    responses: { 204: empty('Removed') },
  }),
  savedAddress: createRoute({
    method: 'get',
    path: '/internal/addresses',
    tags: ['internal'],
    summary: 'An address of a user’s book',
    request: { query: z.strictObject({ userId: z.uuid(), addressId: z.uuid() }) },
    responses: { 200: json(Address) },
  }),
}
