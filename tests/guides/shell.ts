import { spawn } from 'node:child_process'
import { delimiter } from 'node:path'

export type Shell = {
  /** Runs a command in the same shell as the ones before. Returns its exit code and all it printed. */
  run(command: string): Promise<{ code: number; output: string }>
  close(): void
}

/** Opens a shell as a newcomer has one: with the programs of the machine, without those of this checkout. */
export function openShell(cwd: string): Shell {
  const { PATH = '', HOME } = process.env
  const path = PATH.split(delimiter).filter((folder) => !folder.includes('node_modules'))
  const env = { PATH: path.join(delimiter), HOME, NO_COLOR: '1', LANG: 'C.UTF-8' }
  const shell = spawn('bash', ['--noprofile', '--norc'], { cwd, env })
  let printed = ''
  let resolve: (() => void) | undefined
  for (const stream of [shell.stdout, shell.stderr])
    stream.on('data', (chunk) => {
      printed += chunk
      resolve?.()
    })
  shell.once('exit', () => resolve?.())

  const mark = /<<exit (\d+)>>\n/
  return {
    async run(command) {
      printed = ''
      shell.stdin.write(`${command}\nprintf '\\n<<exit %s>>\\n' "$?"\n`)
      while (!mark.test(printed) && shell.exitCode === null)
        await new Promise<void>((next) => {
          resolve = next
        })
      const code = Number(mark.exec(printed)?.[1] ?? shell.exitCode)
      return { code, output: printed.replace(mark, '').trim() }
    },
    close: () => void shell.kill(),
  }
}
