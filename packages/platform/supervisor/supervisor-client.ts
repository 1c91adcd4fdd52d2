import { mkdirSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { type Project, UserError } from '../config/project.ts'

/** Commands of the supervisor: one JSON line each way over its Unix socket. */
export type Command =
  | { do: 'start' | 'stop' | 'restart'; names: string[] }
  | { do: 'kill'; name: string; signal: NodeJS.Signals }
  | { do: 'shutdown' }
export type Reply = { ok: true } | { ok: false; error: string }

/** Listens for commands. The socket also prevents a second supervisor. */
export async function serveCommands(
  project: Project,
  execute: (order: Command) => Promise<void>,
): Promise<Server> {
  if (await isServed(project))
    throw new UserError('sidecart is being started here by another command')
  mkdirSync(dirname(project.socket), { recursive: true })
  rmSync(project.socket, { force: true })
  const server = createServer((connection) => {
    lines(connection).on('line', (line) => {
      void answer(line, execute).then((reply) => connection.write(`${JSON.stringify(reply)}\n`))
    })
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(project.socket, () => resolve(server))
  })
}

function isServed(project: Project): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(project.socket, () => resolve(true))
    connection.once('error', () => resolve(false)).once('connect', () => connection.destroy())
  })
}

async function answer(line: string, obey: (order: Command) => Promise<void>): Promise<Reply> {
  try {
    await obey(JSON.parse(line) as Command)
    return { ok: true }
  } catch (error) {
    return { ok: false, error: (error as Error).message }
  }
}

/**
 * Sends a command and waits until the command is done. @throws UserError with the supervisor's reason for a rejection
 */
export async function sendCommand(project: Project, what: Command): Promise<void> {
  const reply = await exchange(project, what)
  if (!reply.ok) throw new UserError(reply.error)
}

function exchange(project: Project, what: Command): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const connection = connect(project.socket)
    connection.once('error', () => reject(new UserError('sidecart is not running: npm start')))
    connection.once('close', () =>
      resolve(
        what.do === 'shutdown'
          ? { ok: true }
          : { ok: false, error: 'the supervisor ended before it answered' },
      ),
    )
    lines(connection).once('line', (line) => {
      resolve(JSON.parse(line) as Reply)
      connection.end()
    })
    connection.write(`${JSON.stringify(what)}\n`)
  })
}

/** A broken connection ends its lines; the readline interface would throw the error a second time. */
function lines(connection: Socket): Interface {
  connection.on('error', () => {})
  return createInterface({ input: connection }).on('error' as 'close', () => {})
}
