import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { asEnvironment, asFlags, chosen } from './components/component-sets.ts'
import { daprdArguments, readRunFile } from './dapr-yaml.ts'
import { projectAt } from './project.ts'
import { isTraced, traceViewer, withTracing } from './tracing.ts'

const project = projectAt()
const appConfigs = readRunFile(project.runFile)
const argumentsOf = (appConfig = appConfigs[0]) =>
  appConfig ? daprdArguments(appConfig, 'localhost:3900', '127.0.0.1:3910') : []

test('without --observe nothing is exported', () => {
  expect(appConfigs.some(isTraced)).toBe(false)
  expect(argumentsOf().filter((word) => word === '--config')).toHaveLength(1)
  expect(chosen({}, {})).toEqual({})
})

test('with --observe every app and every sidecar exports to the viewer, under names of their own', () => {
  const traced = withTracing(project, appConfigs)
  expect(traced.every(isTraced)).toBe(true)
  expect(traced.map(({ sidecarEnv }) => sidecarEnv?.OTEL_SERVICE_NAME)).toContain('orders-sidecar')
  const words = argumentsOf(traced[0])
  const files = words.filter((_, index) => words[index - 1] === '--config')
  expect(files).toEqual([appConfigs[0]?.configFile, `${project.root}/components/tracing.yaml`])
})

test('sidecars send their spans to the port of the viewer, and record no traces of their own', () => {
  const { spec } = parse(readFileSync(`${project.root}/components/tracing.yaml`, 'utf8')) as {
    spec: { tracing: { samplingRate: string; zipkin: { endpointAddress: string } } }
  }
  const { samplingRate, zipkin } = spec.tracing
  expect(new URL(zipkin.endpointAddress).origin).toBe(new URL(traceViewer).origin)
  expect(Number(samplingRate)).toBeGreaterThan(0)
  expect(Number(samplingRate)).toBeLessThan(0.0001)
})

test('the choice reaches the background supervisor and other processes', () => {
  const choice = chosen({ observe: true, broker: 'redis' }, {})
  expect(asFlags(choice)).toEqual(['--broker', 'redis', '--observe'])
  expect(chosen({}, asEnvironment(choice))).toEqual(choice)
  expect(chosen({ observe: false }, { SIDECART_OBSERVE: '1' })).toEqual({})
})
