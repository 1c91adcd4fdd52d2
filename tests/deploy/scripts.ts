/** Scripts that run inside containers, with `input` in place. */

/** Returns the names of those of `{ name, host, port }` to which a connection can be made. */
export const connects = `
import { connect } from 'node:net'
const open = await Promise.all(input.map(({ name, host, port }) => new Promise((resolve) => {
  const socket = connect({ host, port, timeout: 4000 })
  const end = (answer) => { socket.destroy(); resolve(answer) }
  socket.once('connect', () => end(name)).once('error', () => end('')).once('timeout', () => end(''))
})))
console.log(JSON.stringify(open.filter(Boolean)))`

/** Returns the status of the answer to a request. */
export const asksStatus = `
const { status } = await fetch(input.url, input.init)
console.log(JSON.stringify(status))`
