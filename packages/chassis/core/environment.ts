import { z } from 'zod'

/** Brokers deliver an event for up to seven days; an inbox must know an event for longer. */
export const leastRetentionDays = 8

/** Environment variables of every service. Dapr sets the ports and tokens. */
export const baseEnvironment = {
  HOST: z.string().default('127.0.0.1'),
  APP_PORT: z.coerce.number().int().min(1).max(65535),
  /** Host of the sidecar: the local machine, unless app and sidecar run in separate containers. */
  DAPR_HOST: z.string().min(1).default('127.0.0.1'),
  DAPR_HTTP_PORT: z.coerce.number().int().min(1).max(65535),
  DAPR_GRPC_PORT: z.coerce.number().int().min(1).max(65535),
  DAPR_API_TOKEN: z.string().min(1, 'run: eval "$(./sidecart env)"'),
  APP_API_TOKEN: z.string().min(1, 'run: eval "$(./sidecart env)"'),
  /** Opens `/metrics` of a port that others reach. */
  METRICS_TOKEN: z.string().min(1).optional(),
  /** Address and port that answer `/metrics` and nothing else; without a port there is no such listener. */
  METRICS_HOST: z.string().min(1).default('127.0.0.1'),
  METRICS_PORT: z.coerce.number().int().min(1).max(65535).optional(),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** Where spans are exported to; without one of the two, none is recorded. */
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url().optional(),
  OTEL_EXPORTER_ZIPKIN_ENDPOINT: z.url().optional(),
  /** Age in days at which rows that only guard against repetition are deleted. */
  RETENTION_DAYS: z.coerce.number().int().min(leastRetentionDays).max(36_500).default(90),
  TRACE_SAMPLE_RATIO: z.coerce.number().min(0).max(1).default(1),
}

/** Factor applied to every rate limit: 1, except in load tests. */
export const limitsEnvironment = { LIMITS_FACTOR: z.coerce.number().positive().default(1) }

/**
 * Reads and checks environment variables; reports all errors at once. An empty variable counts as missing.
 *
 * @example const env = readEnvironment({ ...baseEnvironment, PROVIDER_URL: z.url() })
 * @throws Error naming each missing or invalid variable
 */
export function readEnvironment<S extends z.ZodRawShape>(
  shape: S,
  variables: NodeJS.ProcessEnv = process.env,
): z.output<z.ZodObject<S>> {
  const given = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''))
  const result = z.object(shape).safeParse(given)
  if (result.success) return result.data
  const faults = result.error.issues.map((issue) => {
    const name = issue.path.join('.')
    return `  ${name}: ${given[name] === undefined ? `not set (${issue.message})` : issue.message}`
  })
  throw new Error(`The environment is not complete:\n${faults.join('\n')}`)
}
