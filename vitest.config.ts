import { defineConfig } from 'vitest/config'

const never = ['**/node_modules/**', '**/dist/**', '.sidecart/**']
const integration = '**/*.int.test.ts'
const deep = '**/*.deep.test.ts'

// tests sign in with demo accounts, also in a checkout whose shop is started without them
process.env.SIDECART_DEMO ??= '1'

/** The suffix states the cost: `*.test.ts` no I/O, `*.int.test.ts` a real database or sidecar, `tests/` the whole system, `*.deep.test.ts` minutes. */
export default defineConfig({
  test: {
    // long enough for the line of a failure to say what was found
    chaiConfig: { truncateThreshold: 1_000 },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: [...never, integration, 'tests/**', 'packages/maintainer/scaffold/app/tests/**'],
        },
      },
      {
        test: {
          name: 'integration',
          include: [integration],
          exclude: [...never, 'tests/system/**'],
          globalSetup: 'packages/testing/database.ts',
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'architecture',
          include: ['tests/{architecture,contracts}/**/*.test.ts'],
          exclude: never,
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'conformance',
          include: ['tests/conformance/**/*.test.ts'],
          exclude: never,
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'availability',
          include: ['tests/availability/**/*.test.ts'],
          globalSetup: 'tests/availability/shop.ts',
          exclude: never,
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 400_000,
        },
      },
      {
        test: {
          name: 'outage',
          include: ['tests/outage/**/*.test.ts'],
          exclude: never,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'mixed',
          include: ['tests/mixed/**/*.test.ts'],
          exclude: never,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'nginx',
          include: ['tests/nginx/**/*.test.ts'],
          globalSetup: 'tests/nginx/shop.ts',
          exclude: never,
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 400_000,
        },
      },
      {
        test: {
          name: 'system',
          include: ['tests/system/**/*.test.ts'],
          globalSetup: 'tests/system/shop.ts',
          exclude: never,
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'security',
          include: ['tests/security/**/*.test.ts'],
          globalSetup: 'tests/system/shop.ts',
          exclude: [...never, integration, deep],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'mutations',
          include: [deep],
          exclude: never,
          fileParallelism: false,
          testTimeout: 150_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'observability',
          include: ['tests/observability/**/*.test.ts'],
          globalSetup: 'tests/observability/shop.ts',
          exclude: never,
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 400_000,
        },
      },
      {
        test: {
          name: 'deploy',
          include: ['tests/deploy/**/*.test.ts'],
          exclude: never,
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 1_200_000,
        },
      },
      {
        test: {
          name: 'kubernetes',
          include: ['tests/kubernetes/**/*.test.ts'],
          exclude: never,
          fileParallelism: false,
          testTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'machine',
          include: ['tests/machine/**/*.test.ts'],
          exclude: never,
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'guides',
          include: ['tests/guides/**/*.test.ts'],
          exclude: never,
          fileParallelism: false,
          testTimeout: 900_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'scaffold',
          include: ['tests/scaffold/**/*.test.ts'],
          exclude: never,
          fileParallelism: false,
          testTimeout: 900_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'fuzz',
          include: ['tests/fuzz/**/*.test.ts'],
          exclude: never,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['tests/browser/**/*.test.ts'],
          globalSetup: 'tests/browser/set-up.ts',
          exclude: never,
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'swap',
          include: ['tests/swap/**/*.test.ts'],
          exclude: never,
          fileParallelism: false,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'scale',
          include: ['tests/scale/**/*.test.ts'],
          exclude: never,
          fileParallelism: false,
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'crash',
          include: ['tests/crash/**/*.test.ts'],
          exclude: never,
          fileParallelism: false,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'chaos',
          include: ['tests/chaos/**/*.test.ts'],
          globalSetup: 'tests/chaos/shop.ts',
          exclude: never,
          fileParallelism: false,
          hookTimeout: 300_000,
        },
      },
    ],
  },
})
