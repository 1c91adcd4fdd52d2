import { spawnSync } from 'node:child_process'
import { ensureProgram, type Program } from '@sidecart/platform/install/packages.ts'
import { test as vitestTest } from 'vitest'

/**
 * Returns `test` if every program is installed on this machine, or could be installed because installing was
 * requested; otherwise a `test` that skips, with the reason in the title.
 *
 * @throws PartError instead where all parts are required (`SIDECART_REQUIRE_ALL=1`, as in CI)
 * @example const test = await testWith(redis)
 */
export const testWith = (...programs: Program[]): Promise<typeof vitestTest> =>
  testWithPart(async () => {
    for (const program of programs) await ensureProgram(program, { log: console.error })
  })

/** Like `testWith`, for a part that `ensure` provides. */
export async function testWithPart(ensure: () => Promise<void>): Promise<typeof vitestTest> {
  try {
    await ensure()
  } catch (error) {
    if (process.env.SIDECART_REQUIRE_ALL) throw error
    return skipping((error as Error).message)
  }
  return vitestTest
}

const skipping = (why: string): typeof vitestTest =>
  ((title: string, work: () => void) =>
    vitestTest.skip(
      `${title} [not tried: ${why.replaceAll('\n', ' ')}]`,
      work,
    )) as typeof vitestTest

/**
 * Returns `test` for root; otherwise a `test` that skips with the reason. @throws Error where all parts are required
 */
export function testWithRoot(why: string): typeof vitestTest {
  if (process.getuid?.() === 0) return vitestTest
  if (process.env.SIDECART_REQUIRE_ALL) throw new Error(`root is required: ${why}`)
  return skipping(`${why}: sudo npm run test:deep`)
}

/**
 * Like `testWithRoot`, for tests with namespaces and mounts. Where the kernel refuses both to root (a container
 * without privileges), returns a `test` that skips with that reason, since no installation could help.
 */
export function testWithNamespaces(why: string): typeof vitestTest {
  const test = testWithRoot(why)
  if (process.getuid?.() !== 0) return test
  const probe = ['--net', '--mount', 'sh', '-c', 'mount -t tmpfs tmpfs /mnt']
  if (spawnSync('unshare', probe, { stdio: 'ignore' }).status === 0) return test
  return ((title: string, work: () => void) =>
    vitestTest.skip(
      `${title} [impossible here: root may not create namespaces]`,
      work,
    )) as typeof vitestTest
}
