import { defineConfig } from 'vitest/config'

const never = ['**/node_modules/**', '.sidecart/**']
const integration = '**/*.int.test.ts'

/** The suffix states the cost: `*.test.ts` no I/O, `*.int.test.ts` a real database, `tests/` the whole system. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: [...never, integration, 'tests/**'],
        },
      },
      {
        test: {
          name: 'integration',
          include: [integration],
          exclude: never,
          globalSetup: 'packages/testing/database.ts',
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'system',
          include: ['tests/*.test.ts'],
          exclude: never,
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'architecture',
          include: ['tests/architecture/*.test.ts'],
          exclude: never,
        },
      },
    ],
  },
})
