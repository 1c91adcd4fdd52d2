import { join } from 'node:path'
import type { AppConfig } from './dapr-yaml.ts'
import { zipkinPort } from './ports.ts'
import type { Project } from './project.ts'

/** Address of the trace viewer; the id of a trace after `traces/` shows that trace. */
export const traceViewer = `http://127.0.0.1:${zipkinPort}/zipkin/`
const collector = `http://127.0.0.1:${zipkinPort}/api/v2/spans`

/** Returns the app configs with apps and sidecars that export their spans to the local trace viewer. */
export function withTracing(project: Project, appConfigs: readonly AppConfig[]): AppConfig[] {
  return appConfigs.map((appConfig) => ({
    ...appConfig,
    env: { ...appConfig.env, OTEL_EXPORTER_ZIPKIN_ENDPOINT: collector },
    // otherwise the spans of a sidecar would look like those of its app
    sidecarEnv: { OTEL_SERVICE_NAME: `${appConfig.appId}-sidecar` },
    // daprd applies a second file on top of the first
    moreConfigFiles: [join(project.root, 'components/tracing.yaml')],
  }))
}

/** Returns whether an app exports its spans to the local trace viewer. */
export const isTraced = ({ env }: Pick<AppConfig, 'env'>): boolean =>
  env.OTEL_EXPORTER_ZIPKIN_ENDPOINT === collector
