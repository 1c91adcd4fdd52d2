/** User and password of a server, as encoded in a connection string such as `amqp://user:p%40ss@host/`. */
export type Login = { user: string; password: string }

/** Returns the decoded user and password of a connection string. Throws TypeError for an invalid URL. */
export function loginFrom(connection: string | undefined): Login {
  const { username, password } = new URL(connection ?? '')
  return { user: decodeURIComponent(username), password: decodeURIComponent(password) }
}
