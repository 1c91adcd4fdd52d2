import { execFile } from 'node:child_process'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { read } from '../architecture/tree.ts'
import { root } from './client.ts'

/**
 * Returns the output of a shell command, including stderr. The environment lacks the shop's tokens.
 */
function shell(command: string): Promise<string> {
  const folders = [join(root, '.sidecart/bin'), join(homedir(), '.dapr/bin'), process.env.PATH]
  const env = { ...process.env, PATH: folders.join(delimiter), DAPR_API_TOKEN: undefined }
  return new Promise((resolve) => {
    execFile('bash', ['-c', command], { cwd: root, env, timeout: 30_000 }, (_, stdout, stderr) =>
      resolve(`${stdout}\n${stderr}`),
    )
  })
}

describe('the Dapr CLI beside a shop under dapr run', () => {
  it('lists every app', async () => {
    const listed = await shell('dapr list')
    for (const app of [
      'gateway',
      'users',
      'catalog',
      'carts', // carts: optional line
      'orders',
      'payments',
      'notifications', // notifications: optional line
    ])
      expect(listed).toMatch(new RegExp(`^${app}\\s`, 'm'))
  })

  it.each([
    'dapr invoke --app-id catalog --method products --verb GET',
    "dapr publish --publish-app-id orders --pubsub pubsub --topic orders-placed-v1 --data '{}'",
  ])('is refused without a token: %s', async (command) => {
    expect(await shell(command)).toContain('401')
  })

  it('finds no app to stop by the run file, and stops none', async () => {
    expect(await shell('dapr stop -f .')).toContain("couldn't find apps with run file")
    expect(await shell('dapr list')).toMatch(/^orders\s/m)
  })

  it('has the stand-in that the README shows: a call with the token of an app', async () => {
    const [script = ''] = [...read('README.md').matchAll(/```sh\n([^`]*)```/g)]
      .map(([, block = '']) => block)
      .filter((block) => block.includes('dapr-api-token'))
    expect(await shell(script)).toContain('"products"')
  })
})
