import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { onMovedPorts } from './moved-ports.ts'
import { UserError } from './project.ts'

const port = z.number().int().min(1).max(65535)
const strings = z.array(z.string().min(1))

const shared = {
  configFilePath: z.string().min(1).optional(),
  resourcesPaths: strings.optional(),
  appProtocol: z.enum(['http', 'https', 'h2c', 'grpc', 'grpcs']).optional(),
  appMaxConcurrency: z.number().int().optional(),
  apiListenAddresses: z.string().optional(),
  placementHostAddress: z.string().optional(),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).optional(),
  enableApiLogging: z.boolean().optional(),
  maxBodySize: z.string().optional(),
  readBufferSize: z.string().optional(),
  enableAppHealthCheck: z.boolean().optional(),
  appHealthCheckPath: z.string().startsWith('/').optional(),
  appHealthProbeInterval: z.number().int().min(1).optional(),
  appHealthProbeTimeout: z.number().int().min(1).optional(),
  appHealthThreshold: z.number().int().min(1).optional(),
  enableProfiling: z.boolean().optional(),
  profilePort: port.optional(),
  daprdLogDestination: z.string().optional(),
  appLogDestination: z.string().optional(),
  env: z.record(z.string(), z.string()).optional(),
}

const RunFile = z.strictObject({
  version: z.literal(1),
  common: z.strictObject(shared).default({}),
  apps: z
    .array(
      z.strictObject({
        ...shared,
        appID: z.string().regex(/^[a-z][a-z0-9-]*$/, 'lower case letters, digits and hyphens'),
        appDirPath: z.string().min(1),
        appPort: port,
        daprHTTPPort: port,
        daprGRPCPort: port,
        daprInternalGRPCPort: port,
        metricsPort: port,
        command: strings.min(1),
      }),
    )
    .min(1),
})
type App = z.output<typeof RunFile>['apps'][number]
type Shared = z.output<typeof RunFile>['common']

/** An app with its sidecar: the settings of dapr.yaml with defaults merged in and absolute paths. */
export type AppConfig = {
  appId: string
  /** The app id, with a number for further instances. */
  name: string
  directory: string
  command: string[]
  env: Record<string, string>
  ports: { app: number; http: number; grpc: number; internal: number; metrics: number }
  configFile: string
  /** Configuration files applied on top of `configFile`, in order. */
  moreConfigFiles?: readonly string[]
  /** Environment of the sidecar alone. */
  sidecarEnv?: Record<string, string>
  /** mTLS, as set in the configuration files of the services. */
  mtls: boolean
  resourcesPaths: string[]
  settings: Shared
}

/** Returns the app configs of a run file, on the ports of this shop. @throws UserError naming each missing or wrong field */
export function readRunFile(file: string): AppConfig[] {
  try {
    return appConfigsOf(readFileSync(file, 'utf8'), dirname(file)).map(onMovedPorts)
  } catch (error) {
    throw new UserError(`${file}: ${(error as Error).message}`, { cause: error })
  }
}

/**
 * Parses a run file in folder `root` with the rules of `dapr run -f`: an app's settings override `common`; paths in
 * `common` are relative to the file, an app's paths to its folder.
 *
 * @throws UserError naming each missing or wrong field
 */
export function appConfigsOf(text: string, root: string): AppConfig[] {
  const { common, apps } = checked(contentOf(text))
  const appConfigs = apps.map((app, index) => {
    const earlier = apps.slice(0, index).filter(({ appID }) => appID === app.appID).length
    return stanzaOf(root, common, app, earlier === 0 ? app.appID : `${app.appID}-${earlier + 1}`)
  })
  assertOwnPorts(appConfigs)
  return appConfigs
}

function contentOf(text: string): unknown {
  try {
    return parse(text, { logLevel: 'error' })
  } catch (error) {
    throw new UserError(`not YAML: ${(error as Error).message}`, { cause: error })
  }
}

function checked(content: unknown): z.output<typeof RunFile> {
  const result = RunFile.safeParse(content)
  if (result.success) return result.data
  const faults = result.error.issues.map(
    ({ path, message }) => `  ${path.join('.') || 'the file'}: ${message}`,
  )
  throw new UserError(`not a run file that sidecart can start:\n${faults.join('\n')}`)
}

function stanzaOf(root: string, common: Shared, app: App, name: string): AppConfig {
  const directory = resolve(root, app.appDirPath)
  const place = <K extends 'configFilePath' | 'resourcesPaths'>(field: K) =>
    app[field] === undefined
      ? { from: root, value: common[field] }
      : { from: directory, value: app[field] }
  const config = place('configFilePath')
  const resources = place('resourcesPaths')
  if (!config.value || !resources.value)
    throw new UserError(
      `${app.appID} needs configFilePath and resourcesPaths, its own or in common`,
    )
  const {
    appID,
    appDirPath,
    appPort,
    daprHTTPPort,
    daprGRPCPort,
    daprInternalGRPCPort,
    metricsPort,
    command,
    ...own
  } = app
  return {
    appId: appID,
    name,
    directory,
    command,
    env: { ...common.env, ...app.env },
    ports: {
      app: appPort,
      http: daprHTTPPort,
      grpc: daprGRPCPort,
      internal: daprInternalGRPCPort,
      metrics: metricsPort,
    },
    configFile: resolve(config.from, config.value),
    mtls: true,
    resourcesPaths: resources.value.map((path) => resolve(resources.from, path)),
    settings: { ...common, ...own },
  }
}

function assertOwnPorts(appConfigs: readonly AppConfig[]): void {
  const owners = new Map<number, string>()
  for (const { name, ports } of appConfigs) {
    for (const number of Object.values(ports)) {
      const owner = owners.get(number)
      if (owner) throw new UserError(`port ${number} is given to both ${owner} and ${name}`)
      owners.set(number, name)
    }
  }
}

/**
 * Returns the daprd arguments that `dapr run` passes for an app config, and two addresses that bind daprd to the
 * loopback interface.
 */
export function daprdArguments(
  appConfig: AppConfig,
  sentryAddress: string,
  schedulerAddress: string,
): string[] {
  const { settings, ports } = appConfig
  const flags: Record<string, string | number | boolean | undefined> = {
    'app-id': appConfig.appId,
    'app-channel-address': '127.0.0.1',
    'app-port': ports.app,
    'app-protocol': settings.appProtocol ?? 'http',
    'app-max-concurrency': settings.appMaxConcurrency,
    'dapr-http-port': ports.http,
    'dapr-grpc-port': ports.grpc,
    'dapr-internal-grpc-port': ports.internal,
    'dapr-internal-grpc-listen-address': '127.0.0.1',
    'dapr-listen-addresses': settings.apiListenAddresses ?? '127.0.0.1',
    'metrics-port': ports.metrics,
    'metrics-listen-address': '127.0.0.1',
    'placement-host-address': settings.placementHostAddress || undefined,
    'scheduler-host-address': schedulerAddress,
    'max-body-size': settings.maxBodySize ?? '4Mi',
    'read-buffer-size': settings.readBufferSize ?? '4Ki',
    'log-level': settings.logLevel,
    'enable-api-logging': settings.enableApiLogging,
    'enable-app-health-check': settings.enableAppHealthCheck,
    'app-health-check-path': settings.appHealthCheckPath,
    'app-health-probe-interval': settings.appHealthProbeInterval,
    'app-health-probe-timeout': settings.appHealthProbeTimeout,
    'app-health-threshold': settings.appHealthThreshold,
    'enable-profiling': settings.enableProfiling,
    'profile-port': settings.profilePort,
    config: appConfig.configFile,
    'enable-mtls': appConfig.mtls,
    'sentry-address': appConfig.mtls ? sentryAddress : undefined,
  }
  const given = Object.entries(flags).flatMap(([flag, value]) =>
    value === undefined || value === false
      ? []
      : value === true
        ? [`--${flag}`]
        : [`--${flag}`, String(value)],
  )
  return [
    ...given,
    ...(appConfig.moreConfigFiles ?? []).flatMap((path) => ['--config', path]),
    ...appConfig.resourcesPaths.flatMap((path) => ['--resources-path', path]),
  ]
}

/** Returns the variables that `dapr run` adds to an app's environment. */
export function appEnvironment({ appId, ports, settings, env }: AppConfig): Record<string, string> {
  return {
    APP_ID: appId,
    APP_PORT: String(ports.app),
    APP_PROTOCOL: settings.appProtocol ?? 'http',
    DAPR_HTTP_PORT: String(ports.http),
    DAPR_GRPC_PORT: String(ports.grpc),
    DAPR_METRICS_PORT: String(ports.metrics),
    ...env,
  }
}
