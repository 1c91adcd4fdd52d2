import { describe, expect, it } from 'vitest'
import { crashPoints, isPassOf } from '../crash/copy.ts'
import { mutations } from '../crash/mutations.ts'
import { filesBelow, read } from './tree.ts'

const shipped = ['packages/chassis', 'services'].flatMap((folder) => filesBelow(folder, /\.ts$/))
const product = shipped.filter((path) => !/\.(test|suite)\.ts$|\/test(ing|kit)\.ts$/.test(path))

/** Code with an effect outside the process. */
const waysOut =
  /rows\.transaction\(|sidecar\.(publish|invoke)\(|client\.state\.save\(|client\.binding\.send\(|log\.append\(|method: 'POST'/
/** Greatest distance in lines to a crash point. */
const near = 16
/** Files only forwarding requests, without stored state. */
const without = /^services\/gateway\/|^chassis\/memory-sidecar\.ts$/

describe('crash points', () => {
  it('stand before and after everything that changes what outlives a process', () => {
    const bare = product
      .filter((file) => !without.test(file))
      .flatMap((file) => {
        const lines = read(file).split('\n')
        const around = (at: number) => lines.slice(Math.max(at - near, 0), at + near)
        const points = (at: number) => around(at).filter((line) => /\/\/ crash point:/.test(line))
        return lines.flatMap((line, at) =>
          waysOut.test(line) && points(at).length < 2 ? [`${file}:${at + 1}`] : [],
        )
      })
    expect(bare).toEqual([])
  })

  it('are comments, and so nothing in production', () => {
    const mentions = product.flatMap((file) =>
      read(file)
        .split('\n')
        .filter((line) => /crash ?point/i.test(line)),
    )
    for (const line of mentions) expect(line).toMatch(/^ *\/\/ crash point: \S/)
    expect(mentions).toHaveLength(crashPoints().length)
  })

  it('cannot be asked for: nothing that ships ends its own process, but where it starts and stops', () => {
    const deadly = /process\.(kill|abort|exit|reallyExit)|SIGKILL/
    expect(product.filter((file) => deadly.test(read(file)))).toEqual([
      'packages/chassis/service.ts',
      'services/payments/sandbox/main.ts',
    ])
  })

  it('are told apart: no name that one can have belongs to another', () => {
    const points = crashPoints()
    const clashes = points.filter(({ text }) => {
      const name = text.replace(/\$\{.*\}/, 'something')
      return points.filter((point) => isPassOf(point)(name)).length !== 1
    })
    expect(clashes).toEqual([])
  })
})

describe('a safeguard that tests take away', () => {
  it.each(mutations)('is where they look for it: $safeguard', ({ file, lines }) => {
    for (const [text] of lines) expect(read(file).split(text), text).toHaveLength(2)
  })
})
