/** Who logs in at a server, as a connection string such as `amqp://user:p%40ss@host/` encodes it. */
export type Login = { user: string; password: string }

/** The decoded user and password of a connection string. Throws TypeError when it is no URL. */
export function loginFrom(connection: string | undefined): Login {
  const { username, password } = new URL(connection ?? '')
  return { user: decodeURIComponent(username), password: decodeURIComponent(password) }
}
