import { existsSync } from 'node:fs'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { describeProgram, ensureProgram, type Program } from '../install/packages.ts'
import { output } from '../process/spawn.ts'
import { greets, type Started, startAndWait } from '../process/start-process.ts'
import { defineServer } from './server.ts'

const packages = { debian: 'mariadb-server-core', brew: 'mariadb' }
export const mariadbProgram: Program = {
  ...packages,
  name: 'mariadbd',
  version: { args: ['--version'], pattern: /Ver (\d+\.\d+\.\d+)/ },
  least: '10.5.0',
}
const installer: Program = { ...packages, name: 'mariadb-install-db' }
/** The installer is a script that needs this program. */
const printer: Program = { ...packages, name: 'my_print_defaults', debian: 'mariadb-client-core' }

export type MariadbOptions = {
  /** Folder of the configuration and the first statements (mode 0600), and of the data. */
  dir: string
  port: number
  user: string
  password: string
  /** Schema owned by the user. */
  schema: string
  logFile: string
  log?: (line: string) => void
}

/**
 * Starts MariaDB on 127.0.0.1 with one user and one schema. A commit is on disk before its acknowledgement. Throws when
 * MariaDB is unavailable, the port is taken, or the server does not answer.
 */
export async function startMariadb({ log, ...options }: MariadbOptions): Promise<Started> {
  const { path } = await ensureProgram(mariadbProgram, { log })
  const dir = resolve(options.dir)
  const files = { 'my.cnf': config(dir, options.port), 'first.sql': statements(options) }
  await mkdir(dir, { recursive: true })
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(dir, name), content, { mode: 0o600 })
    await chmod(join(dir, name), 0o600)
  }
  const defaults = `--defaults-file=${join(dir, 'my.cnf')}`
  const user = `--user=${userInfo().username}`
  if (!existsSync(join(dir, 'data/mysql'))) {
    await ensureProgram(printer, { log })
    const install = await ensureProgram(installer, { log })
    await output(install.path, [defaults, user, '--skip-test-db'], 60_000)
  }
  const { port, logFile } = options
  return startAndWait(
    { name: 'mariadb', command: path, args: [defaults, user], cwd: dir, logFile },
    { ports: [port], ready: () => mariadbAnswers(port) },
  )
}

const config = (dir: string, port: number) => `[mariadbd]
bind-address = 127.0.0.1
port = ${port}
datadir = ${join(dir, 'data')}
socket = ${join(dir, 'socket')}
pid-file = ${join(dir, 'pid')}
init-file = ${join(dir, 'first.sql')}
skip-name-resolve
character-set-server = utf8mb4
collation-server = utf8mb4_bin
max-allowed-packet = 16M
innodb-buffer-pool-size = 32M
performance-schema = off
# A commit is on disk before it is answered.
innodb-flush-log-at-trx-commit = 1
`

/**
 * Statements run at every start, one per line. The table equals the one created by Dapr's component: of two sidecars
 * creating the table at the same moment, one fails (`Duplicate column name 'row_id'`).
 */
const statements = ({ user, password, schema }: MariadbOptions) => `\
CREATE DATABASE IF NOT EXISTS \`${schema}\`;
CREATE TABLE IF NOT EXISTS \`${schema}\`.state (id VARCHAR(255) NOT NULL PRIMARY KEY, value JSON NOT NULL, isbinary BOOLEAN NOT NULL, insertDate TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, updateDate TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, eTag VARCHAR(36) NOT NULL, expiredate TIMESTAMP NULL, row_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT, INDEX expiredate_idx (expiredate), UNIQUE KEY row_id_uidx (row_id));
CREATE USER IF NOT EXISTS '${user}'@'127.0.0.1';
ALTER USER '${user}'@'127.0.0.1' IDENTIFIED BY '${password}';
GRANT ALL ON \`${schema}\`.* TO '${user}'@'127.0.0.1';
`

/** Returns true when a server on this port sends a greeting: the first byte after the length is the protocol, 10. */
export const mariadbAnswers = (port: number): Promise<boolean> =>
  greets(port, Buffer.alloc(0), (data) => data[4] === 10)

export const mariadb = defineServer({
  name: 'mariadb',
  ports: { sql: { usual: 3340, serves: 'sidecars, by a password' } },
  address: 'mysql-state',
  secrets: ({ sql }, password) => ({
    'mysql-state': `state:${password()}@tcp(127.0.0.1:${sql})/?allowNativePasswords=true`,
  }),
  components: { 'state.mysql': { lacks: {} } },
  version: () => describeProgram('MariaDB', mariadbProgram),
  processes({ dir, ports, secrets, logOf, log }) {
    const [, user = '', password = ''] = /^(.*?):(.*?)@/.exec(secrets()['mysql-state'] ?? '') ?? []
    const login = { port: ports.sql, user, password, schema: 'state' }
    return [
      {
        start: () => startMariadb({ ...login, dir, logFile: logOf('mariadb'), log }),
        ready: () => mariadbAnswers(ports.sql),
      },
    ]
  },
})
