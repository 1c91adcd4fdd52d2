import pg from 'pg'
import { loginFrom } from './identity/login.ts'
import { postgresPort, realPort } from './ports.ts'
import { UserError } from './project.ts'
import { databases, type Secrets } from './secrets.ts'

/** Returns the superuser's connection string, for the configured server or our own. */
export const superuserOf = (secrets: Secrets): string =>
  process.env.SIDECART_POSTGRES_URL ??
  `postgres://postgres:${secrets['postgres-superuser'] ?? ''}@127.0.0.1:${realPort(postgresPort)}/postgres`

/**
 * Creates a database per service, owned by the service's role and closed to all others. Safe to repeat; takes over a
 * changed password. The login in the connection string is the owner role or a second role acting as the owner: with two
 * logins, a password can change while instances still use the old one.
 * @param admin connection string of a superuser
 */
export async function ensureDatabases(admin: string, secrets: Secrets): Promise<void> {
  const client = new pg.Client({ connectionString: admin })
  await client.connect().catch((error: Error & { code?: string }) => {
    throw error.code === wrongPassword ? new UserError(notLetIn(admin)) : error
  })
  try {
    await client.query('REVOKE CONNECT ON DATABASE postgres FROM PUBLIC')
    const known = await names(client)
    for (const name of databases)
      await ensureDatabase(client, name, secrets[`${name}-database`] ?? '', known)
  } finally {
    await client.end()
  }
}

/** Returns the other of the two logins of a service. */
export const otherLogin = (name: string, connection: string): string =>
  new URL(connection).username === name ? `${name}_2` : name

/** Closes a login for new connections. */
export async function closeLogin(admin: string, login: string): Promise<void> {
  const client = new pg.Client({ connectionString: admin })
  await client.connect()
  try {
    if ((await names(client)).has(`role ${login}`))
      await client.query(`ALTER ROLE ${client.escapeIdentifier(login)} NOLOGIN PASSWORD NULL`)
  } finally {
    await client.end()
  }
}

const wrongPassword = '28P01'

function notLetIn(admin: string): string {
  const { host, username } = new URL(admin)
  const source = process.env.SIDECART_POSTGRES_URL
    ? 'SIDECART_POSTGRES_URL'
    : 'postgres-superuser in .sidecart/secrets.json'
  return `PostgreSQL at ${host} does not let ${username} in: the password in ${source} is not that of the server.`
}

async function names(client: pg.Client): Promise<Set<string>> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT 'role ' || rolname AS name FROM pg_roles UNION ALL SELECT 'database ' || datname FROM pg_database`,
  )
  return new Set(rows.map(({ name }) => name))
}

async function ensureDatabase(
  client: pg.Client,
  name: string,
  connection: string,
  known: ReadonlySet<string>,
): Promise<void> {
  const role = client.escapeIdentifier(name)
  const { user, password } = loginFrom(connection)
  const login = client.escapeIdentifier(user)
  const literal = client.escapeLiteral(password)
  const plain = 'NOSUPERUSER NOCREATEDB NOCREATEROLE'
  if (user !== name && !known.has(`role ${name}`))
    await client.query(`CREATE ROLE ${role} NOLOGIN ${plain}`)
  const verb = known.has(`role ${user}`) ? 'ALTER' : 'CREATE'
  await client.query(`${verb} ROLE ${login} LOGIN ${plain} PASSWORD ${literal}`)
  if (user !== name) {
    await client.query(`GRANT ${role} TO ${login}`)
    // Objects created by the second login belong to the owner of the database.
    await client.query(`ALTER ROLE ${login} SET role = ${role}`)
  }
  if (!known.has(`database ${name}`)) await client.query(`CREATE DATABASE ${role} OWNER ${role}`)
  await client.query(`REVOKE CONNECT ON DATABASE ${role} FROM PUBLIC`)
}
