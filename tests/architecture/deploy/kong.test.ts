import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { read } from '../tree.ts'

/*
 * Kong itself is not run anywhere. The schemas here have the fields of Kong's published ones that are in use: the JSON schema
 * of decK's files (kong_json_schema.json), and the schemas of three plugins.
 */

const count = z.int().min(0).max(255)
const status = z.int().min(100).max(999)
const milliseconds = z.int().min(1)
const healthy = { interval: z.int().min(0), successes: count, http_statuses: z.array(status) }
const failures = { tcp_failures: count, timeouts: count, http_failures: count }

const Upstream = z.strictObject({
  name: z.string(),
  algorithm: z.enum(['round-robin', 'least-connections', 'consistent-hashing', 'latency']),
  targets: z.array(z.strictObject({ target: z.string().regex(/^[^:]+:\d+$/) })).min(1),
  healthchecks: z.strictObject({
    passive: z.strictObject({ type: z.literal('http'), unhealthy: z.strictObject(failures) }),
    active: z.strictObject({
      type: z.literal('http'),
      http_path: z.string().startsWith('/'),
      timeout: z.int(),
      healthy: z.strictObject(healthy),
      unhealthy: z.strictObject({
        ...failures,
        interval: z.int().min(0),
        http_statuses: z.array(status),
      }),
    }),
  }),
})

const Plugin = z.discriminatedUnion('name', [
  z.strictObject({
    name: z.literal('proxy-cache'),
    config: z.strictObject({
      strategy: z.literal('memory'),
      cache_control: z.boolean(),
      request_method: z.array(z.enum(['HEAD', 'GET', 'POST', 'PATCH', 'PUT'])),
      response_code: z.array(z.int().min(100).max(900)).min(1),
      content_type: z.array(z.string()),
      vary_headers: z.array(z.string()),
      response_headers: z.strictObject({
        'X-Cache-Status': z.boolean(),
        'X-Cache-Key': z.boolean(),
      }),
    }),
  }),
  z.strictObject({
    name: z.literal('rate-limiting'),
    config: z.strictObject({
      second: z.number().positive(),
      policy: z.enum(['local', 'cluster', 'redis']),
      limit_by: z.enum(['consumer', 'credential', 'ip', 'service', 'header', 'path']),
      fault_tolerant: z.boolean(),
      hide_client_headers: z.boolean(),
    }),
  }),
  z.strictObject({
    name: z.literal('request-size-limiting'),
    config: z.strictObject({
      allowed_payload_size: z.int(),
      size_unit: z.enum(['megabytes', 'kilobytes', 'bytes']),
    }),
  }),
])

const Route = z.strictObject({
  name: z.string(),
  paths: z.array(z.string().regex(/^~?\//)),
  protocols: z.array(z.enum(['http', 'https'])),
  https_redirect_status_code: z.union([426, 301, 302, 307, 308].map((one) => z.literal(one))),
  strip_path: z.boolean(),
  preserve_host: z.boolean(),
  methods: z.array(z.string().regex(/^[A-Z]+$/)).optional(),
  headers: z.record(z.string(), z.array(z.string())).optional(),
  response_buffering: z.boolean().optional(),
  plugins: z.array(Plugin).optional(),
})

const Service = z.strictObject({
  name: z.string(),
  protocol: z.enum(['http', 'https']),
  host: z.string(),
  retries: z.int().min(0).max(32_767),
  connect_timeout: milliseconds,
  write_timeout: milliseconds,
  read_timeout: milliseconds,
  routes: z.array(Route).min(1),
})

const Configuration = z.strictObject({
  _format_version: z.literal('3.0'),
  _transform: z.boolean(),
  upstreams: z.array(Upstream),
  services: z.array(Service),
  plugins: z.array(Plugin),
})

const text = read('deploy/kong/kong.yml')
const kong = Configuration.parse(parse(text, { merge: true }))
const conf = read('deploy/kong/kong.conf')
const nginx = read('deploy/nginx/nginx.conf')
const routes = kong.services.flatMap((service) => service.routes)
const service = (name: string) => kong.services.find((one) => one.name === name)
const route = (name: string) => routes.find((one) => one.name === name)
const plugin = (name: string) => kong.plugins.find((one) => one.name === name)?.config

/** Returns the value of a directive of nginx.conf. */
const directive = (name: string, within = nginx) =>
  new RegExp(`^\\s*${name} (.*);$`, 'm').exec(within)?.[1]
const setting = (name: string) => new RegExp(`^${name} = (.*)$`, 'm').exec(conf)?.[1]

describe('the configuration of Kong', () => {
  it('refers to what is there, under names of its own', () => {
    const upstreams = kong.upstreams.map(({ name }) => name)
    for (const { host } of kong.services) expect(upstreams).toContain(host)
    for (const names of [kong.services, routes, kong.upstreams])
      expect(new Set(names.map(({ name }) => name)).size).toBe(names.length)
  })

  it('has patterns that are regular expressions', () => {
    const patterns = routes.flatMap(({ paths, headers = {} }) => [
      ...paths.filter((path) => path.startsWith('~')).map((path) => path.slice(1)),
      ...Object.values(headers)
        .flat()
        .map((value) => value.replace(/^~\*/, '')),
    ])
    expect(patterns.length).toBeGreaterThan(4)
    for (const pattern of patterns) expect(() => new RegExp(pattern)).not.toThrow()
  })

  it('keeps nothing that comes with a token or a cookie', () => {
    const cached = routes.filter(({ plugins = [] }) => plugins.length > 0)
    expect(cached.map(({ name }) => name)).toEqual(['products'])
    const without = routes.filter(({ paths }) => paths[0] === cached[0]?.paths[0])
    const personal = without.flatMap(({ headers = {} }) => Object.keys(headers))
    expect(personal).toEqual(['authorization', 'cookie'])
    for (const { headers, plugins } of without.filter((one) => one.headers)) {
      expect(Object.values(headers ?? {})).toEqual([['~*.+']])
      expect(plugins).toEqual([])
    }
  })

  it('keeps what a response allows only', () => {
    const [cache] = route('products')?.plugins ?? []
    expect(cache?.config).toMatchObject({ cache_control: true, response_code: [200] })
  })

  it('is the same edge as that of NGINX', () => {
    expect(service('shop')).toMatchObject({
      connect_timeout: 1000 * Number.parseInt(directive('proxy_connect_timeout') ?? '', 10),
      write_timeout: 1000 * Number.parseInt(directive('proxy_send_timeout') ?? '', 10),
      read_timeout: 1000 * Number.parseInt(directive('proxy_read_timeout') ?? '', 10),
    })
    const names = /\(products[^)]*\)/
    expect(names.exec(route('products')?.paths[0] ?? '')?.[0]).toBe(names.exec(nginx)?.[0])
    expect(route('order-events')).toMatchObject({ response_buffering: false })
    expect(nginx).toContain('location ~ ^/orders/[^/]+/events$ {')
    const clients = read('deploy/nginx/site/clients.conf')
    expect(plugin('rate-limiting')).toMatchObject({
      second: Number(/rate=(\d+)r\/s/.exec(clients)?.[1]),
      limit_by: 'ip',
    })
    expect(setting('nginx_http_client_max_body_size')).toBe(directive('client_max_body_size'))
    expect(setting('nginx_http_client_header_timeout')).toBe(directive('client_header_timeout'))
    expect(setting('nginx_http_client_body_timeout')).toBe(directive('client_body_timeout'))
    expect(setting('nginx_http_send_timeout')).toBe(directive('send_timeout'))
    const upstream = /upstream gateways \{.*?\n {4}\}/s.exec(nginx)?.[0]
    const kept = Number.parseInt(directive('keepalive_timeout', upstream) ?? '', 10)
    expect(Number(setting('upstream_keepalive_idle_timeout'))).toBe(kept)
  })
})

it('both proxies agree with the gateway', () => {
  const kilobytes = /maxBodyBytes = (\d+) \* 1024/.exec(read('packages/chassis/http/app.ts'))?.[1]
  expect(directive('client_max_body_size')).toBe(`${kilobytes}k`)
  const size = { allowed_payload_size: Number(kilobytes), size_unit: 'kilobytes' }
  expect(plugin('request-size-limiting')).toEqual(size)
  const idleMs = /idleMs: (\d+)_000/.exec(read('services/gateway/main.ts'))?.[1]
  expect(Number(setting('upstream_keepalive_idle_timeout'))).toBeLessThan(Number(idleMs))
  const port = /appID: gateway.*?appPort: (\d+)/s.exec(read('dapr.yaml'))?.[1]
  expect(kong.upstreams[0]?.targets).toEqual([{ target: `127.0.0.1:${port}` }])
  expect(read('deploy/nginx/site/gateways.conf')).toContain(`server 127.0.0.1:${port} `)
})
