/** A control taken away in a copy of the checkout, and the test that has to notice. */
export type Mutation = {
  control: string
  file: string
  /** A text that is in the file exactly once, and what replaces it. */
  from: string
  to: string
  /** The file of the test, and (a part of) its name. */
  test: string
  name: string
}

const app = 'packages/chassis/http/app.ts'
const appTests = 'packages/chassis/http/app.test.ts'
const appPorts = 'packages/chassis/http/app.int.test.ts'
const authentication = 'packages/chassis/http/authentication.ts'
const tokens = 'packages/chassis/http/authentication.test.ts'
const consumer = 'packages/chassis/messaging/consumer.ts'
const messaging = 'packages/chassis/messaging/messaging.int.test.ts'
const strict = 'packages/chassis/http/strict-request.ts'
const strictTests = 'packages/chassis/http/strict-request.test.ts'
const publicServer = 'packages/chassis/http/public-server.ts'
const slowClients = 'packages/chassis/http/public-server.int.test.ts'
const gateway = 'services/gateway/app.ts'
const gatewayTests = 'services/gateway/app.test.ts'
const proxies = 'packages/chassis/http/trusted-proxies.ts'
const proxyTests = 'packages/chassis/http/trusted-proxies.test.ts'
const behindProxies = 'services/gateway/trusted-proxies.test.ts'
const rateLimit = 'services/gateway/rate-limit.ts'
const rateLimitTests = 'services/gateway/rate-limit.test.ts'
const endedSessions = 'services/gateway/ended-sessions.ts'
const cookie = 'services/gateway/session-cookie.ts'
const cookieTests = 'services/gateway/session-cookie.test.ts'
const headers = 'services/gateway/security-headers.test.ts'
const throttle = 'services/users/throttle.ts'
const throttleTests = 'services/users/throttle.int.test.ts'
const sessions = 'services/users/store/sessions.ts'
const sessionTests = 'services/users/sessions.int.test.ts'
const addresses = 'services/users/store/addresses.ts'
const users = 'services/users/app.ts'
const proof = 'services/users/proof.ts'
const userRules = 'services/users/domain.ts'
const confirmations = 'services/users/store/confirmations.ts'
const confirmationTests = 'services/users/confirmations.int.test.ts'
const resetApp = 'services/users/password-reset/app.ts'
const resetStore = 'services/users/store/password-resets.ts'
const resetTests = 'services/users/password-resets.int.test.ts'
const userStore = 'services/users/store/users.ts'
// notifications: optional
const held = 'services/notifications/domain.ts'
const heldTests = 'services/notifications/app.int.test.ts'
// /notifications
const secondFactorApp = 'services/users/second-factor/app.ts'
const secondFactorStore = 'services/users/store/second-factors.ts'
const secondFactorTests = 'services/users/second-factor.int.test.ts'
const operatorStore = 'services/users/store/operators.ts'
const operatorApp = 'services/users/invitation/app.ts'
const operatorTests = 'services/users/operators.int.test.ts'
const userTests = 'services/users/app.int.test.ts'
const orders = 'services/orders/store.ts'
const orderTests = 'services/orders/app.int.test.ts'
const mesh = 'tests/security/access-control.int.test.ts'
const scopes = 'tests/security/scopes.int.test.ts'
const topics = 'tests/security/topics.int.test.ts' // carts: optional line

export const mutations: readonly Mutation[] = [
  {
    control: 'a service is called through its sidecar only',
    file: app,
    from: 'if (!hasToken(c, expected)) throw',
    to: 'if (!expected) throw',
    test: appTests,
    name: 'refuses a call that did not come through the sidecar',
  },
  {
    control: 'the metrics of a public port are for anyone who has the token',
    file: app,
    from: '!mayReadMetrics(c, Buffer.from(metricsToken))',
    to: '!metricsToken',
    test: headers,
    name: 'metrics are for anyone who has the token',
  },
  {
    control: 'the port of metrics is for anyone who has its token',
    file: 'packages/chassis/observability/metrics-server.ts',
    from: "if (!isEqual(Buffer.from(headers.authorization ?? ''), expected))",
    to: 'if (!expected)',
    test: 'packages/chassis/observability/metrics-server.int.test.ts',
    name: 'the port of the metrics has nothing else, and answers the bearer of its token only',
  },
  {
    control: 'probes and metrics are for this machine',
    file: app,
    from: 'return probes.includes(c.req.path) ?',
    to: 'return !probes ?',
    test: appPorts,
    name: 'probes and metrics answer this machine, and no other app',
  },
  {
    control: 'an app serves a path as it is written',
    file: app,
    from: 'accepts = asWritten }',
    to: 'accepts = () => true }',
    test: appPorts,
    name: 'a path that a URL would collapse at %2e%2e is refused',
  },
  {
    control: 'the gateway passes on plain paths only',
    file: gateway,
    from: 'accepts: isPlainPath,',
    to: 'accepts: (raw) => isPlainPath(raw) || true,',
    test: gatewayTests,
    name: 'is refused, and nobody is asked: /notifications/%252e%252e/events/users-contact-changed-v1',
  },
  {
    control: 'no service asks its sidecar for a path that is read in two ways',
    file: 'packages/chassis/sidecar/sidecar.ts',
    from: 'if (!isPlainPath(path))',
    to: 'if (!isPlainPath)',
    test: 'packages/testing/memory-sidecar.test.ts',
    name: '/%252e%252e/metrics',
  },
  {
    control: 'a body that says how long it is has a limit',
    file: app,
    from: 'if (Number(length ?? 0) > maxBytes) throw tooLarge()',
    to: '',
    test: slowClients,
    name: 'a body over the limit is refused, whether it says how long it is or not',
  },
  {
    control: 'a body that does not say how long it is has a limit',
    file: app,
    from: 'return counted(c, next)',
    to: 'return next()',
    test: slowClients,
    name: 'a body over the limit is refused, whether it says how long it is or not',
  },
  {
    control: 'the algorithm of a token is pinned',
    file: authentication,
    from: 'const algorithms = [algorithm]',
    to: "const algorithms = [algorithm, 'Ed25519', 'HS256', 'none']",
    test: tokens,
    name: 'under another name of the algorithm',
  },
  {
    control: 'the issuer of a token is pinned',
    file: authentication,
    from: 'const rules = { issuer, audience, typ, algorithms, currentDate }',
    to: 'const rules = { audience, typ, algorithms, currentDate }; void issuer',
    test: tokens,
    name: 'of another issuer',
  },
  {
    control: 'the audience of a token is pinned',
    file: authentication,
    from: 'const rules = { issuer, audience, typ, algorithms, currentDate }',
    to: 'const rules = { issuer, typ, algorithms, currentDate }; void audience',
    test: tokens,
    name: 'for another audience',
  },
  {
    control: 'the type of a token is pinned',
    file: authentication,
    from: 'const rules = { issuer, audience, typ, algorithms, currentDate }',
    to: 'const rules = { issuer, audience, algorithms, currentDate }; void typ',
    test: tokens,
    name: 'of another type',
  },
  {
    control: 'a token is good for 15 minutes at most, whatever it says',
    file: authentication,
    from: 'exp - iat <= tokenRules.longest',
    to: 'exp - iat <= tokenRules.longest * 1_000_000',
    test: tokens,
    name: 'good for ten years',
  },
  {
    control: 'a remembered token ends with its key',
    file: authentication,
    from: ' && current.has(known.key)',
    to: '',
    test: tokens,
    name: 'that was removed is good for 60 s at most, also for tokens seen before',
  },
  {
    control: 'a remembered token ends at its end',
    file: authentication,
    from: 'known.expiresAt > now()',
    to: 'known.expiresAt > 0',
    test: tokens,
    name: 'that was good ends at its end, although it is remembered',
  },
  {
    control: 'an operator’s route is for operators',
    file: authentication,
    from: 'if (roles.length > 0 && !roles.includes(identity.role))',
    to: 'if (roles.length < 0)',
    test: appTests,
    name: 'lets a valid token pass, and only with the right role',
  },
  // carts: optional
  {
    control: 'dead letters are for operators',
    file: 'services/carts/app.ts',
    from: "app.use('/carts/dead-letters/*', signedIn(verify, 'operator'))",
    to: "app.use('/carts/dead-letters/*', signedIn(verify))",
    test: 'services/carts/app.test.ts',
    name: 'is shown to operators only',
  },
  // /carts
  {
    control: 'the operations console is for operators',
    file: gateway,
    from: "const operator = signedIn(verify, 'operator')",
    to: 'const operator = signedIn(verify)',
    test: 'services/gateway/operations-proxy.test.ts',
    name: 'is for nobody else',
  },
  {
    control: 'orders: the owner in the query of one',
    file: orders,
    from: "viewer && viewer.role !== 'operator' ? query.where('customer_id', '=', viewer.userId) : query",
    to: 'viewer ? query : query',
    test: orderTests,
    name: 'does not see, cancel or refund somebody else’s order',
  },
  {
    control: 'orders: the owner in the query of a list',
    file: orders,
    from: "if (!(all && viewer.role === 'operator')) query",
    to: 'if (!all) query',
    test: orderTests,
    name: 'and a customer finds no others by these filters, but what a purchase has become',
  },
  {
    control: 'orders: the owner in the idempotency record',
    file: orders,
    from: `      .where('customer_id', '=', customerId)
      .where('idempotency_key'`,
    to: `      .where('idempotency_key'`,
    test: orderTests,
    name: 'two customers may use the same key',
  },
  {
    control: 'payments: the owner in the query',
    file: 'services/payments/store.ts',
    from: ".$if(!operator, (query) => query.where('customer_id', '=', userId))",
    to: '.$if(!operator && !userId, (query) => query)',
    test: 'services/payments/app.int.test.ts',
    name: 'the owner sees the payment, an operator the ledger too, a stranger nothing',
  },
  // notifications: optional
  {
    control: 'notifications: the owner in the query',
    file: 'services/notifications/store.ts',
    from: "query.where('customer_id', '=', userId).where('status', '<>', 'recorded')",
    to: "query.where('status', '<>', userId && 'recorded')",
    test: 'services/notifications/app.int.test.ts',
    name: 'customers see their own mails page by page, operators everybody’s',
  },
  // /notifications
  // carts: optional
  {
    control: 'carts: the owner in the key',
    file: 'services/carts/store.ts',
    from: '=> `cart:$',
    to: '=> `cart:1` || `$',
    test: 'services/carts/app.test.ts',
    name: 'keeps what is put into it, as its owner’s alone',
  },
  // /carts
  {
    control: 'users: the owner in the change of an address',
    file: addresses,
    from: `        .set(fromAddress(address))
        .where('address_id', '=', addressId)
        .where('user_id', '=', userId)`,
    to: `        .set(fromAddress(address))
        .where('address_id', '=', addressId)`,
    test: userTests,
    name: 'of another user do not exist',
  },
  {
    control: 'users: the owner in the removal of an address',
    file: addresses,
    from: `        .deleteFrom('addresses')
        .where('address_id', '=', addressId)
        .where('user_id', '=', userId)`,
    to: `        .deleteFrom('addresses')
        .where('address_id', '=', addressId)`,
    test: userTests,
    name: 'of another user do not exist',
  },
  {
    control: 'users: the owner in the list of addresses',
    file: addresses,
    from: `        .where('user_id', '=', userId)
        .orderBy('address_id')`,
    to: `        .orderBy('address_id')`,
    test: userTests,
    name: 'of another user do not exist',
  },
  {
    control: 'users: the owner of the address that an order is sent to',
    file: addresses,
    from: `        .where('address_id', '=', addressId)
        .where('user_id', '=', userId)
        .executeTakeFirst()
      return found && toAddress(found)`,
    to: `        .where('address_id', '=', addressId)
        .executeTakeFirst()
      return found && toAddress(found)`,
    test: userTests,
    name: 'are given to orders, of their owner only',
  },
  {
    control: 'users: the owner in the end of a session',
    file: sessions,
    from: `    .where('user_id', '=', userId)
    .where('ended_at', 'is', null)
    .where('expires_at', '>', now)
    .$if`,
    to: `    .where('ended_at', 'is', null)
    .where('expires_at', '>', now)
    .$if`,
    test: sessionTests,
    name: 'end one by one, and only the own ones',
  },
  {
    control: 'an event comes from its owner',
    file: consumer,
    from: 'if (source !== owner)',
    to: 'if (!source)',
    test: messaging,
    name: 'keep an event that its owner did not publish, or that is another kind of event',
  },
  {
    control: 'an event is of the kind of its topic',
    file: consumer,
    from: 'if (type !== topic)',
    to: 'if (!type)',
    test: messaging,
    name: 'keep an event that its owner did not publish, or that is another kind of event',
  },
  {
    control: 'an event comes from the broker, and from no other app',
    file: 'packages/chassis/messaging/consumer-routes.ts',
    from: 'if (isInvocation(c)) throw',
    to: 'if (!isInvocation) throw',
    test: appPorts,
    name: 'an event is taken from the broker, and never from another app',
  },
  // carts: optional
  {
    control: 'no app publishes the events of another',
    file: 'components/pubsub-jetstream/pubsub.yaml',
    from: '        carts=;',
    to: '        carts=orders-confirmed-v1;',
    test: topics,
    name: 'carts publishes its own events and dead letters, whichever component of whichever set it uses',
  },
  // /carts
  // carts: optional
  {
    control: 'no consumer publishes what it consumes',
    file: 'components/pubsub-kafka/carts.yaml',
    from: 'carts=carts-dead-letters-v1 }\n    - { name: subscriptionScopes, value: carts=orders',
    to: 'carts=orders-confirmed-v1 }\n    - { name: subscriptionScopes, value: carts=orders',
    test: topics,
    name: 'carts publishes its own events and dead letters, whichever component of whichever set it uses',
  },
  // /carts
  {
    control: 'a service is called by whom its access list names',
    file: 'components/common/configuration/catalog.yaml',
    from: '    defaultAction: deny\n    trustDomain: public\n    policies:',
    to: '    defaultAction: allow\n    trustDomain: public\n    policies:',
    test: mesh,
    name: 'catalog > refuses every other verb and path to stranger',
  },
  {
    control: 'and by the paths that it names',
    file: 'components/common/configuration/catalog.yaml',
    from: '"/catalog/orders/*"',
    to: '"/**"',
    test: mesh,
    name: 'catalog > refuses every other verb and path to gateway',
  },
  {
    control: 'an app reads its own secrets only',
    file: 'components/common/configuration/payments.yaml',
    from: 'allowedSecrets: [',
    to: 'allowedSecrets: [jwt-keys, ',
    test: scopes,
    name: 'payments > reads its own secrets, and no other',
  },
  // carts: optional
  {
    control: 'an app uses its own stores only',
    file: 'components/state-postgresql/statestore.yaml',
    from: 'scopes: [carts]',
    to: 'scopes: [carts, catalog]',
    test: scopes,
    name: 'catalog > reads and writes its own stores, and no other',
  },
  // /carts
  {
    control: 'a sidecar opens the APIs of its app only',
    file: 'components/common/configuration/orders.yaml',
    from: '      - { name: secrets, version: v1, protocol: http }\n',
    to: '      - { name: secrets, version: v1, protocol: http }\n      - { name: secrets, version: v1, protocol: grpc }\n',
    test: scopes,
    name: 'orders > reads its own secrets, and no other',
  },
  {
    control: 'an authority proves whom it signs for',
    file: 'components/sentry.yaml',
    from: 'tokenValidators:',
    to: 'validatorsOfNobody:',
    test: mesh,
    name: 'without a proof gets no identity',
  },
  {
    control: 'wrong passwords are counted',
    file: throttle,
    from: 'if (waitMs === undefined) return\n',
    to: 'if (waitMs || !waitMs) return\n',
    test: throttleTests,
    name: 'for one account from one address are stopped after ten, by both instances together',
  },
  {
    control: 'guesses at many accounts are counted',
    file: throttle,
    from: "            ['wrongPerNetwork', network],\n",
    to: '',
    test: throttleTests,
    name: 'for many accounts from one address leave those alone who signed in there before',
  },
  {
    control: 'an invitation is used once',
    file: operatorStore,
    from: `    .deleteFrom('operator_invitations')
    .where('hash', '=', tokenHash)
    .where(isOpen(now))
    .returning(['email', 'invitation_id'])`,
    to: `    .selectFrom('operator_invitations')
    .where('hash', '=', tokenHash)
    .where(isOpen(now))
    .select(['email', 'invitation_id'])`,
    test: operatorTests,
    name: 'is good once',
  },
  {
    control: 'an invitation is good for a day',
    file: operatorStore,
    from: "eb('expires_at', '>', now)",
    to: "eb('expires_at', '>', new Date(0 * now.getTime()))",
    test: operatorTests,
    name: 'is good for a day',
  },
  {
    control: 'an invitation makes an operator of the account with its e-mail only',
    file: userRules,
    from: 'if (user.email !== email || !user.emailConfirmedAt)',
    to: 'if (!email)',
    test: operatorTests,
    name: 'does not see the invitation of somebody else',
  },
  {
    control: 'an invitation is no way to an e-mail that is not confirmed',
    file: userRules,
    from: 'if (user.email !== email || !user.emailConfirmedAt)',
    to: 'if (user.email !== email)',
    test: operatorTests,
    name: 'who has not confirmed the e-mail does not get it this way',
  },
  {
    control: 'a session alone does not accept an invitation',
    file: operatorApp,
    from: 'const { userId } = await proofs.provePassword(c, currentPassword)',
    to: "const { userId } = currentPassword ? c.get('identity') : await proofs.provePassword(c, '')",
    test: operatorTests,
    name: 'needs the password',
  },
  {
    control: 'sessions of a customer end when the account becomes an operator’s',
    file: operatorStore,
    from: 'await endSessions(tx.rows, userId, now)',
    to: '',
    test: operatorTests,
    name: 'accepts with the own account and password',
  },
  {
    control: 'sessions of an operator end with the role',
    file: operatorStore,
    from: 'const sessionsEnded = await endSessions(tx.rows, operator.user_id, now)',
    to: 'const sessionsEnded = 2 + 0 * now.getTime()',
    test: operatorTests,
    name: 'loses every session at once',
  },
  {
    control: 'no service appoints operators',
    file: operatorApp,
    from: "app.use('/internal/operators/*', neverInvoked)",
    to: 'neverInvoked.toString()',
    test: operatorTests,
    name: 'is for the owner of the machine',
  },
  // notifications: optional
  {
    control: 'no service has invitations mailed',
    file: 'services/notifications/app.ts',
    from: "app.use('/internal/invitations/*', neverInvoked)",
    to: 'neverInvoked.toString()',
    test: heldTests,
    name: 'an invitation is mailed for the owner of the machine',
  },
  // /notifications
  {
    control: 'what a command signs for itself is good for a minute',
    file: 'packages/platform/config/identity/machine-token.ts',
    from: 'const lifeSeconds = 60',
    to: 'const lifeSeconds = 600',
    test: 'packages/platform/config/identity/machine-token.test.ts',
    name: 'a token is good for a minute',
  },
  {
    control: 'a shop without demo accounts does not get them by a later start',
    file: 'packages/platform/config/demo.ts',
    from: 'readIfThere(fileOf(project))?.trim()',
    to: 'readIfThere(fileOf(project))?.slice(9)',
    test: 'packages/cli/demo.test.ts',
    name: 'stays so until they are asked for',
  },
  {
    control: 'a second factor is asked for',
    file: secondFactorApp,
    from: 'if (code === undefined)',
    to: 'if (code === undefined) return\n    if (code === undefined)',
    test: secondFactorTests,
    name: 'takes a code beside the password',
  },
  {
    control: 'a second factor is asked for before what one signs in with changes',
    file: proof,
    from: "secondFactor.mustPass(userId, code, 'code-required'),",
    to: 'Promise.resolve(void [userId, code]),',
    test: secondFactorTests,
    name: 'the password alone is not enough',
  },
  {
    control: 'a code is accepted once',
    file: secondFactorStore,
    from: ".where('last_step', '<', step)",
    to: ".where('last_step', '<=', step)",
    test: secondFactorTests,
    name: 'takes a code once',
  },
  {
    control: 'a recovery code is accepted once',
    file: secondFactorStore,
    from: 'return numDeletedRows > 0n',
    to: 'return numDeletedRows >= 0n',
    test: secondFactorTests,
    name: 'takes each recovery code once',
  },
  {
    control: 'guesses at codes are counted',
    file: throttle,
    from: 'if (isRight) await forgive(counted)',
    to: 'await forgive(counted)',
    test: secondFactorTests,
    name: 'bounds guesses at the code per account, from however many networks',
  },
  {
    control: 'a second factor that is on cannot be replaced',
    file: secondFactorStore,
    from: ".where('second_factors.confirmed_at', 'is', null)",
    to: '',
    test: secondFactorTests,
    name: 'cannot be done twice',
  },
  {
    control: 'operators have no rights without the second factor that is demanded',
    file: 'services/users/session/tokens.ts',
    from: "(await lacksSecondFactor(user)) ? 'customer' : user.role",
    to: 'user.role',
    test: secondFactorTests,
    name: 'have the rights of a customer until it is on',
  },
  {
    control: 'registrations are counted',
    file: throttle,
    from: "        ['registrationsPerNetwork', network],\n",
    to: '',
    test: throttleTests,
    name: 'are limited per address, by both instances together',
  },
  // notifications: optional
  {
    control: 'to an address that is not confirmed goes no mail but the one that confirms it',
    file: held,
    from: "(isConfirmed(contact) ? 'pending' : 'held')",
    to: "(contact ? 'pending' : 'held')",
    test: heldTests,
    name: 'until an address is confirmed only the mail that confirms it is sent to it',
  },
  {
    control: 'what is held while an address is being confirmed is not forgotten',
    file: 'services/notifications/store.ts',
    from: ' for share)',
    to: ')',
    test: heldTests,
    name: 'leaves no mail held',
  },
  // /notifications
  {
    control: 'access tokens of a session that ended are refused',
    file: endedSessions,
    from: 'if (identity.sessionId !== undefined && ended.has(identity.sessionId))',
    to: 'if (ended.has(identity.userId))',
    test: 'services/gateway/ended-sessions.test.ts',
    name: 'tokens of a session are refused within two seconds after it ended',
  },
  {
    control: 'gateways are told of every session that ended',
    file: sessions,
    from: 'earliest) - clocksDifferMs',
    to: 'earliest)',
    test: sessionTests,
    name: 'by a clock 25 seconds behind',
  },
  {
    control: 'sessions are ended with the password',
    file: 'services/users/session/app.ts',
    from: 'const { userId } = await proofs.proveOwner(c, proof)',
    to: "const { userId } = proof ? c.get('identity') : await proofs.proveOwner(c, proof)",
    test: sessionTests,
    name: 'end with the password only',
  },
  {
    control: 'only an operator ends the sessions of others',
    file: users,
    from: "except(isOwn, signedIn(ports.verify, 'operator'))",
    to: 'except(isOwn, signedIn(ports.verify))',
    test: sessionTests,
    name: 'are ended by nobody else',
  },
  {
    control: 'an e-mail that has an account is registered like any other',
    file: proof,
    from: 'for (const known of [owner, newcomer])',
    to: 'for (const known of owner ? [owner] : [newcomer])',
    test: confirmationTests,
    name: 'is answered as for one that has none, and so is everything after it',
  },
  {
    control: 'a registration of somebody else’s e-mail buys no guesses at its password',
    file: throttle,
    from: 'if (user.emailConfirmedAt) await',
    to: 'if (user) await',
    test: confirmationTests,
    name: 'buys no guesses at the password of its owner',
  },
  {
    control: 'an address that has an account gets no link',
    file: confirmations,
    from: "if (await hasOwner(tx.rows, user.awaited_email ?? '')) return 'taken'",
    to: '',
    test: confirmationTests,
    name: 'is due a mail without a link',
  },
  {
    control: 'a link is good for a day',
    file: confirmations,
    from: ".where('expires_at', '>', now)",
    to: ".where('expires_at', '>', new Date(0 * now.getTime()))",
    test: confirmationTests,
    name: 'is good for a day',
  },
  {
    control: 'only the link to the address that was asked for last is good',
    file: userRules,
    from: 'if (awaited?.confirmationId !== confirmationId) throw linkVoid()',
    to: 'if (!awaited || !confirmationId) throw linkVoid()',
    test: confirmationTests,
    name: 'of two in a row the second holds, and the first link is void',
  },
  {
    control: 'another e-mail holds only once it is confirmed',
    file: userRules,
    from: 'const changed: User = { ...user, awaited, version',
    to: 'const changed: User = { ...user, email, awaited, version',
    test: confirmationTests,
    name: 'takes the place of the e-mail when it is confirmed',
  },
  {
    control: 'a token is stored as its hash only',
    file: 'services/users/credentials.ts',
    from: "hashOf: (token: string): Buffer => createHash('sha256').update(token).digest(),",
    to: 'hashOf: (token: string): Buffer => Buffer.from(token).subarray(0, 32),',
    test: confirmationTests,
    name: 'is in no event, no log and no table, only its hash',
  },
  {
    control: 'mails that confirm are counted per account',
    file: throttle,
    from: "if (userId) await count(['confirmationsPerAccount', userId])",
    to: '',
    test: confirmationTests,
    name: 'are limited per account, by all instances together',
  },
  {
    control: 'mails that confirm are counted per address',
    file: throttle,
    from: 'return (await all.confirmationsPerAddress.consume(keyOf(email))) === undefined',
    to: 'return keyOf(email) !== undefined',
    test: confirmationTests,
    name: 'are limited per address, which nobody can tell',
  },
  {
    control: 'who has an account is not told by a request for another password',
    file: resetApp,
    from: 'await passwordResets.request({ resetId: newId(), email, expiresAt: inHalfAnHour() })',
    to: 'await passwordResets.request({ resetId: newId(), email, expiresAt: inHalfAnHour() })\n    await passwordResets.announceNext(now())',
    test: resetTests,
    name: 'is answered alike, and with the same work, for any e-mail',
  },
  {
    control: 'links to another password go to confirmed addresses only',
    file: 'services/users/store/users.ts',
    from: "email)\n    .where('email_confirmed_at', 'is not', null)",
    to: 'email)',
    test: resetTests,
    name: 'for an address without a confirmed account leads to no mail',
  },
  {
    control: 'an account has three links to another password at most',
    file: resetStore,
    from: 'return Number(count) >= mostResets',
    to: 'return Number(count) >= 9 * mostResets',
    test: resetTests,
    name: 'leads to three mails in half an hour at most',
  },
  {
    control: 'requests for another password are counted per network',
    file: throttle,
    from: "({ network }) => count(['resetsPerNetwork', network]),",
    to: 'async ({ network }) => void network,',
    test: resetTests,
    name: 'is one of a hundred from a network in an hour',
  },
  {
    control: 'a link to another password is good once',
    file: resetStore,
    from: ".returning('reset_id')\n          .executeTakeFirstOrThrow(linkVoid)",
    to: '.execute()',
    test: resetTests,
    name: 'is good once, also of ten who use it together',
  },
  {
    control: 'a link to another password is good for half an hour',
    file: userRules,
    from: 'resetSeconds = 30 * 60',
    to: 'resetSeconds = 600 * 60',
    test: resetTests,
    name: 'is good for half an hour',
  },
  {
    control: 'a link to another password is void once the e-mail is another one',
    file: resetStore,
    from: ".where('email', '=', email)\n          .where('expires_at'",
    to: ".where('expires_at'",
    test: resetTests,
    name: 'that went to a former e-mail is void',
  },
  {
    control: 'another password ends every session',
    file: userStore,
    from: 'await endSessions(rows, userId, now)',
    to: '',
    test: resetTests,
    name: 'loses every session',
  },
  // notifications: optional
  {
    control: 'a mail with a link to another password goes to a confirmed address only',
    file: held,
    from: "notice('password-reset', event.email, goingTo(event))",
    to: "notice('password-reset', event.email)",
    test: heldTests,
    name: 'is not sent to an address that is not confirmed',
  },
  // /notifications
  {
    control: 'the requests of a client are counted',
    file: rateLimit,
    from: 'await limiter.consume(client)',
    to: '(await limiter.get(client)) ?? { consumedPoints: 0, msBeforeNext: 0 }',
    test: rateLimitTests,
    name: 'of one user are limited together, with any number of tokens, from anywhere',
  },
  {
    control: 'gateways share the limit of a client',
    file: 'services/gateway/shared-limit.ts',
    from: 'share.granted += Math.max(0, tenth - over)',
    to: 'share.granted += Math.max(tenth, tenth - over)',
    test: 'services/gateway/shared-limit.test.ts',
    name: 'admits what one gateway would, and a tenth more for each further one: 2',
  },
  {
    control: 'a bad token counts for the network',
    file: rateLimit,
    from: 'if (error instanceof Refusal) await countNetwork()',
    to: '',
    test: rateLimitTests,
    name: 'of one network are limited together, whatever token they make up',
  },
  {
    control: 'clients of one IPv6 network count as one',
    file: rateLimit,
    from: 'networkOf(addressOf(c))',
    to: 'String(networkOf && addressOf(c))',
    test: rateLimitTests,
    name: 'of one IPv6 network are limited together',
  },
  {
    control: 'only a trusted proxy says for whom it asks',
    file: proxies,
    from: 'if (!isTrusted(address)) return { address, isSecure: false }',
    to: '',
    test: proxyTests,
    name: 'speaks TLS when the proxy wrote https: true',
  },
  {
    control: 'a client is the rightmost address that is no trusted proxy',
    file: proxies,
    from: 'addressIn(chain.pop() ??',
    to: 'addressIn(chain.shift() ??',
    test: behindProxies,
    name: 'a client that makes up addresses evades no limit',
  },
  {
    control: 'a client is known in every spelling of its address',
    file: proxies,
    from: "return halves.flatMap((half) => [half >> 8, half & 255]).join('.')",
    to: 'void halves; return shortest',
    test: proxyTests,
    name: 'is IPv4 in every spelling',
  },
  {
    control: 'no setting trusts every address',
    file: proxies,
    from: 'if (Number(prefix) === 0)',
    to: 'if (Number(prefix) < 0)',
    test: proxyTests,
    name: '0.0.0.0/0 stops the start',
  },
  {
    control: 'users is told the client and not its proxy',
    file: gateway,
    from: '[clientAddressHeader]: addressOf(c)',
    to: "[clientAddressHeader]: c.req.header('x-forwarded-for') ?? addressOf(c)",
    test: behindProxies,
    name: 'is who its connection says, whatever it claims',
  },
  {
    control: 'no service sees forwarded headers',
    file: gateway,
    from: "  'if-none-match',\n]",
    to: "  'if-none-match', 'x-forwarded-for',\n]",
    test: behindProxies,
    name: 'reaches no service with what it says about its way, nor does a proxy',
  },
  {
    control: 'no client makes its cookie one for TLS only',
    file: gateway,
    from: 'ports.isSecure === true || clientOf(c, trustedProxies).isSecure',
    to: "ports.isSecure === true || c.req.header('x-forwarded-proto') === 'https'",
    test: cookieTests,
    name: 'gets no cookie for TLS only because it says itself that there is TLS',
  },
  {
    control: 'only trusted proxies hold many connections',
    file: publicServer,
    from: 'if (trustedProxies(remoteAddress)) return',
    to: 'if (trustedProxies) return',
    test: slowClients,
    name: 'connections of a trusted proxy are limited in total only, and those of others as ever',
  },
  {
    control: 'connections of one address are counted',
    file: publicServer,
    from: 'if (others >= connectionsPerAddress) {',
    to: 'if (others < 0 && connectionsPerAddress) {',
    test: slowClients,
    name: 'connections of one address are limited, and new ones come when old ones have ended',
  },
  {
    control: 'a body that does not arrive holds no place',
    file: app,
    from: '    app.use(arrived(maxArrivingPerAddress, trustedProxies))\n    app.use(bounded(maxInFlight))',
    to: '    app.use(bounded(maxInFlight))\n    app.use(arrived(maxArrivingPerAddress, trustedProxies))',
    test: slowClients,
    name: '300 clients that send one byte of a body keep nobody else out, and are let go',
  },
  {
    control: 'parameters that no contract names are refused',
    file: strict,
    from: 'if (unknown.length > 0) throw',
    to: 'if (unknown.length < 0) throw',
    test: 'tests/contracts/requests.test.ts',
    name: 'GET /categories > refuses a parameter that it does not name',
  },
  {
    control: 'fields that no contract names are refused',
    file: 'services/users/contract.ts',
    from: '.strictObject({ email: Email, name: Name, password: Password })',
    to: '.object({ email: Email, name: Name, password: Password })',
    test: 'tests/contracts/requests.test.ts',
    name: 'POST /users > refuses a field that it does not name, at any depth',
  },
  {
    control: 'a body where none is taken is refused',
    file: strict,
    from: 'if (!takesBody && (await hasBody(c))) throw',
    to: 'if (!takesBody && !hasBody) throw',
    test: strictTests,
    name: 'a body of unknown length where none is taken is refused',
  },
  {
    control: 'text has no invisible characters',
    file: 'packages/chassis/contract/text.ts',
    from: "!anyUnreadable.test(text.replace(meaningfulInvisible, ''))",
    to: "text.replace(meaningfulInvisible, '') !== String(anyUnreadable)",
    test: 'packages/chassis/contract/text.test.ts',
    name: 'one line of text > refuses',
  },
  {
    control: 'the cookie of a session is for no script',
    file: cookie,
    from: 'httpOnly: true,',
    to: 'httpOnly: false,',
    test: cookieTests,
    name: 'gets its refresh token as a cookie that no script and no other site can use',
  },
  {
    control: 'the cookie of a session comes from no other site',
    file: cookie,
    from: "sameSite: 'Strict',",
    to: "sameSite: 'None',",
    test: cookieTests,
    name: 'gets its refresh token as a cookie that no script and no other site can use',
  },
  {
    control:
      'the cookie alone moves nothing: its header has to come along, which no other site can send',
    file: cookie,
    from: "c.req.header('x-session') === 'cookie'",
    to: "c.req.header('cookie') !== undefined || c.req.header('x-session') === 'cookie'",
    test: cookieTests,
    name: 'refreshes with the token of the body, whatever cookie comes along',
  },
  {
    control: 'over TLS the cookie is for TLS',
    file: cookie,
    from: '    secure: isSecure,\n    httpOnly',
    to: '    httpOnly',
    test: cookieTests,
    name: 'gets and sends a cookie for TLS only, where the shop’s own address says so',
  },
  {
    control: 'pages of other origins may not call',
    file: gateway,
    from: 'origin: [...origins],',
    to: "origin: [...origins, '*'].at(-1) ?? '',",
    test: gatewayTests,
    name: 'lets only the named origins call',
  },
  {
    control: 'every answer has the headers that browsers obey',
    file: app,
    from: "secureHeaders({ xFrameOptions: 'DENY', strictTransportSecurity, permissionsPolicy }),",
    to: '',
    test: headers,
    name: 'can neither be framed, sniffed nor load what it need not',
  },
  {
    control: 'pages load from here only',
    file: 'services/gateway/web-app.ts',
    from: `"default-src 'none'",`,
    to: `"default-src *",`,
    test: headers,
    name: 'a page can neither be framed, sniffed nor load what it need not',
  },
  {
    control: 'what somebody signed in is answered is kept by no cache',
    file: app,
    from: 'app.use(keptByNobody)',
    to: 'void keptByNobody',
    test: headers,
    name: 'what somebody signed in is answered is kept by no cache',
  },
  {
    control: 'a refresh token that comes back ends its family',
    file: 'services/users/domain.ts',
    from: "return { outcome: 'reused', session: { ...session, endedAt: now } }",
    to: "return { outcome: 'repeated', session }",
    test: sessionTests,
    name: 'that comes back later ends the whole family, and only it',
  },
  {
    control: 'a session ends after 30 days',
    file: 'services/users/domain.ts',
    from: 'session.endedAt || session.expiresAt <= now',
    to: 'session.endedAt',
    test: sessionTests,
    name: 'ends after 30 days',
  },
  {
    control: 'passwords that many people use are refused',
    file: 'services/users/common-passwords.ts',
    from: 'if (isCommonPassword(password, email))',
    to: 'if (!isCommonPassword)',
    test: userTests,
    name: 'with a password that many people use is refused',
  },
  {
    control: 'no secret is logged',
    file: 'packages/chassis/observability/log.ts',
    from: 'redact: { paths: secrets, censor }',
    to: 'redact: { paths: secrets, censor: String }',
    test: appTests,
    name: 'holds no secret',
  },
  {
    control: 'no secret of a part is logged',
    file: 'packages/chassis/observability/log.ts',
    from: 'if (found.length === 0) return field',
    to: 'if (found.length >= 0) return field',
    test: 'packages/chassis/observability/log.test.ts',
    name: 'hides secrets at the top level',
  },
]
