import { fork } from 'node:child_process'
import { join } from 'node:path'
import type { Answer, Drive, Driven, Told } from './protocol.ts'

export type Driver = {
  setStage(options: Omit<Extract<Told, { do: 'set the stage' }>, 'do'>): Promise<void>
  drive(drive: Drive): Promise<Driven>
  leave(): void
}

/** Starts the load driver in a separate process. */
export function startDriver(): Driver {
  const child = fork(join(import.meta.dirname, 'main.ts'), { stdio: 'inherit', execArgv: [] })

  function tell(told: Told): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const ended = () => reject(new Error('the load driver ended'))
      child.once('exit', ended)
      child.once('message', (answer: Answer) => {
        child.off('exit', ended)
        if ('fault' in answer) reject(new Error(answer.fault))
        else resolve(answer)
      })
      child.send(told)
    })
  }

  return {
    async setStage(options) {
      await tell({ do: 'set the stage', ...options })
    },
    async drive(drive) {
      const answer = await tell({ do: 'drive', ...drive })
      if (!('driven' in answer)) throw new Error('the load driver did not drive')
      return answer.driven
    },
    leave: () => child.disconnect(),
  }
}
