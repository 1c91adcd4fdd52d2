import { type Lock, missingPlatforms, withoutIntegrity } from '@sidecart/maintainer/package-lock.ts'
import { expect, it } from 'vitest'
import { read } from './tree.ts'

it('package-lock.json is complete for every platform (if not: ./sidecart lock)', () => {
  expect(missingPlatforms(JSON.parse(read('package-lock.json')) as Lock)).toEqual({})
})

it('every package in package-lock.json has a checksum (if not: ./sidecart lock)', () => {
  expect([...withoutIntegrity(JSON.parse(read('package-lock.json')) as Lock).values()]).toEqual([])
})

it('an entry without a checksum is noticed, wherever it is nested', () => {
  const packages = {
    '': {},
    'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
    'node_modules/a/node_modules/@b/c': { version: '2.0.0' },
  }
  expect([...withoutIntegrity({ packages })]).toEqual([
    ['node_modules/a/node_modules/@b/c', '@b/c@2.0.0'],
  ])
})

it('no install script of a package runs', () => {
  expect(read('.npmrc')).toMatch(/^ignore-scripts=true$/m)
})

it('package-lock.json names no registry', () => {
  expect(read('package-lock.json')).not.toMatch(/"resolved": "[^"]*:/)
})

it('a platform package that is not listed is noticed, with its platform', () => {
  const lock: Lock = {
    packages: {
      'node_modules/tool': {
        version: '1.0.0',
        dev: true,
        optionalDependencies: { '@tool/linux-x64-musl': '1.0.0', '@tool/darwin-arm64': '1.0.0' },
      },
    },
  }
  expect(missingPlatforms(lock)).toEqual({
    'node_modules/@tool/linux-x64-musl': {
      version: '1.0.0',
      os: ['linux'],
      cpu: ['x64'],
      libc: ['musl'],
      dev: true,
      optional: true,
    },
    'node_modules/@tool/darwin-arm64': {
      version: '1.0.0',
      os: ['darwin'],
      cpu: ['arm64'],
      dev: true,
      optional: true,
    },
  })
})
