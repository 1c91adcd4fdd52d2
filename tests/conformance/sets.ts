import { join } from 'node:path'
import { chosen, type Kind, setAmong } from '@sidecart/platform/config/components/component-sets.ts'
import { readRunFile } from '@sidecart/platform/config/dapr-yaml.ts'

const runFile = join(import.meta.dirname, '../../dapr.yaml')
const inUse = (kind: Kind) => setAmong(kind, readRunFile(runFile)[0]?.resourcesPaths ?? []) ?? ''
const choice = chosen({})

/**
 * The sets under test: SIDECART_BROKER and SIDECART_STATE, by default the sets named in dapr.yaml.
 */
export const broker = choice.broker ?? inUse('broker')
export const state = choice.state ?? inUse('state') // carts: optional line
