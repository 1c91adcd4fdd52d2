/**
 * The status of each public route for an anonymous caller, another customer, the owner and an operator, reviewed by hand.
 * `tests/security/routes.test.ts` sends each request to the started shop.
 */
export const access = {
  'GET /.well-known/jwks.json': [200, 200, 200, 200],
  'POST /users': [400, 400, 400, 400],
  'POST /sessions': [400, 400, 400, 400],
  'POST /sessions/refresh': [400, 400, 400, 400],
  'POST /sessions/logout': [400, 400, 400, 400],
  'GET /users/me': [401, 200, 200, 200],
  'PATCH /users/me': [401, 400, 400, 400],
  'POST /users/me/confirmation': [401, 204, 204, 409],
  'POST /confirmations': [400, 400, 400, 400],
  'POST /password-resets': [400, 400, 400, 400],
  'POST /password-resets/redemption': [400, 400, 400, 400],
  'POST /invitations/lookup': [400, 400, 400, 400],
  'POST /invitations': [400, 400, 400, 400],
  'POST /users/me/invitation': [401, 400, 400, 400],
  'POST /users/me/password': [401, 400, 400, 400],
  'GET /users/me/second-factor': [401, 200, 200, 200],
  'POST /users/me/second-factor': [401, 400, 400, 400],
  'POST /users/me/second-factor/confirmation': [401, 400, 400, 400],
  'POST /users/me/second-factor/removal': [401, 400, 400, 400],
  'GET /users/me/sessions': [401, 200, 200, 200],
  'POST /users/me/sessions/revocation': [401, 400, 400, 400],
  'GET /users/me/addresses': [401, 200, 200, 200],
  'POST /users/me/addresses': [401, 400, 400, 400],
  'PUT /users/me/addresses/{addressId}': {
    answers: [401, 404, 200, 404],
    body: {
      name: 'Ada Tester',
      street: 'Harbour Road 1',
      postalCode: '20457',
      city: 'Hamburg',
      country: 'DE',
    },
  },
  'GET /users/me/preferences': [401, 200, 200, 200],
  'PUT /users/me/preferences': [401, 400, 400, 400],
  'GET /countries': [200, 200, 200, 200],
  'DELETE /users/me/addresses/{addressId}': [401, 404, 204, 404],
  'DELETE /users/{userId}/sessions': [401, 403, 403, 204],
}
