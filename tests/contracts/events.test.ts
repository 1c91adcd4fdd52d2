import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { breaks, type Schema } from '@sidecart/maintainer/api/growth.ts'
import { manifests } from '@sidecart/platform/config/manifests.ts'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'

const folder = join(import.meta.dirname, 'snapshots')
const events = manifests.flatMap(({ name: owner, publishes = {} }) =>
  Object.values(publishes).map((event) => ({ owner, topic: event.topic, event })),
)
const update = process.env.UPDATE_CONTRACTS === '1'

describe('contracts only grow', () => {
  it.each(events)(
    '$topic still fits its readers and the messages under way',
    ({ owner, topic, event }) => {
      expect(topic.startsWith(`${owner}-`)).toBe(true)
      const now = z.toJSONSchema(event.schema, { io: 'output' }) as Schema
      const path = join(folder, `${topic}.json`)
      const before = existsSync(path)
        ? (JSON.parse(readFileSync(path, 'utf8')) as Schema)
        : undefined
      if (before)
        expect(breaks(before, now), `make a new version beside ${topic} instead`).toEqual([])
      if (update) {
        mkdirSync(folder, { recursive: true })
        writeFileSync(path, `${JSON.stringify(now, null, 2)}\n`)
      } else {
        expect(now, 'grown? UPDATE_CONTRACTS=1 npx vitest run tests/contracts, and commit').toEqual(
          before,
        )
      }
    },
  )

  it('no event that was ever published is gone', () => {
    const published = existsSync(folder)
      ? readdirSync(folder).map((file) => file.replace('.json', ''))
      : []
    expect(published.filter((topic) => !events.some((event) => event.topic === topic))).toEqual([])
  })
})

describe('the guard itself', () => {
  const before: Schema = {
    type: 'object',
    properties: {
      id: { type: 'string' },
      lines: {
        type: 'array',
        items: { type: 'object', properties: { sku: { type: 'string' } }, required: ['sku'] },
      },
      reason: { type: 'string', enum: ['a'] },
    },
    required: ['id', 'lines', 'reason'],
  }
  const changed = (
    change: (schema: Required<Pick<Schema, 'properties' | 'required'>>) => unknown,
  ): Schema => {
    const copy = structuredClone(before) as Required<Schema>
    change(copy)
    return copy
  }

  it('lets an optional field be added', () => {
    expect(
      breaks(
        before,
        changed(({ properties }) => Object.assign(properties, { note: { type: 'string' } })),
      ),
    ).toEqual([])
  })

  it.each<[string, Schema, string]>([
    ['a removed field', changed(({ properties }) => delete properties.id), 'data.id was removed'],
    [
      'a changed type',
      changed(({ properties }) => Object.assign(properties, { id: { type: 'number' } })),
      'data.id: string became number',
    ],
    [
      'a new required field',
      changed(({ required }) => required.push('note')),
      'data.note became required',
    ],
    [
      'a broken promise',
      changed(({ required }) => required.pop()),
      'data.reason is no longer promised',
    ],
    [
      'a new value',
      changed(({ properties }) => properties.reason?.enum?.push('b')),
      'data.reason may now be "b"',
    ],
    [
      'a removed field deep inside',
      changed(({ properties }) => delete properties.lines?.items?.properties?.sku),
      'data.lines[].sku was removed',
    ],
  ])('notices %s', (_, now, finding) => {
    expect(breaks(before, now)).toContain(finding)
  })
})
