import { join } from 'node:path'
import { zipkinPort } from '../../config/ports.ts'
import { startZipkin } from '../../servers/zipkin.ts'
import type { ProcessSpec } from '../process-spec.ts'
import { answersHttp, logOf, type ServerOptions, server } from './unit.ts'

/** The trace viewer of `--observe`. */
export function zipkin({ project }: ServerOptions): ProcessSpec {
  const given = {
    jars: join(project.root, '.sidecart/bin'),
    port: zipkinPort,
    logFile: logOf(project, 'zipkin'),
    log: console.error,
  }
  const ports = { http: zipkinPort }
  return server(project, 'zipkin', ports, {
    start: async () => (await startZipkin(given)).proc,
    ready: answersHttp(zipkinPort, '/health'),
  })
}
