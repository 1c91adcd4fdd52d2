import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { AppConfig } from './dapr-yaml.ts'
import { movedPort, portsFrom } from './ports.ts'
import type { Project } from './project.ts'

/** Returns an app config of dapr.yaml on this shop's ports. */
export function onMovedPorts(appConfig: AppConfig): AppConfig {
  if (portsFrom === undefined) return appConfig
  const { app, http, grpc, internal, metrics } = appConfig.ports
  const env = Object.entries(appConfig.env).map(([name, value]) => [name, withMovedPorts(value)])
  return {
    ...appConfig,
    env: { SHOP_URL: withMovedPorts('http://127.0.0.1:8080'), ...Object.fromEntries(env) },
    ports: {
      app: movedPort(app),
      http: movedPort(http),
      grpc: movedPort(grpc),
      internal: movedPort(internal),
      metrics: movedPort(metrics),
    },
  }
}

const fixedPort = /(?<=\b(?:127\.0\.0\.1|localhost):|\bname: port, value: ")\d+/g

/** Replaces the usual ports in addresses of this machine and in fields of components. */
export const withMovedPorts = (text: string, from = portsFrom): string =>
  text.replace(fixedPort, (port) => String(movedPort(Number(port), from)))

/** Returns the app configs with copies, on this shop's ports, of the component files that name a port. */
export function withMovedComponents(
  project: Project,
  appConfigs: readonly AppConfig[],
): AppConfig[] {
  if (portsFrom === undefined) return [...appConfigs]
  const parent = join(project.home, 'moved')
  rmSync(parent, { recursive: true, force: true })
  const moved = new Map<string, string>()
  const folderFor = (folder: string): string => {
    const known = moved.get(folder) ?? movedFolder(folder, parent)
    moved.set(folder, known)
    return known
  }
  const movedFile = (file: string) => join(folderFor(dirname(file)), basename(file))
  return appConfigs.map((appConfig) => ({
    ...appConfig,
    resourcesPaths: appConfig.resourcesPaths.map(folderFor),
    ...(appConfig.moreConfigFiles && { moreConfigFiles: appConfig.moreConfigFiles.map(movedFile) }),
  }))
}

/** Returns a copy of a folder whose files name a usual port; else the folder itself. */
function movedFolder(folder: string, parent: string): string {
  const files = readdirSync(folder)
    .filter((name) => /\.ya?ml$/.test(name))
    .map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }))
    .filter(({ text }) => withMovedPorts(text) !== text)
  if (files.length === 0) return folder
  const copy = join(parent, basename(folder))
  cpSync(folder, copy, { recursive: true })
  for (const { name, text } of files) writeFileSync(join(copy, name), withMovedPorts(text))
  return copy
}
