import { join } from 'node:path'
import { kinds, setAmong, setsOf } from '@sidecart/platform/config/components/component-sets.ts'
import type { AppConfig } from '@sidecart/platform/config/dapr-yaml.ts'
import type { Project } from '@sidecart/platform/config/project.ts'
import { lacksOf } from '@sidecart/platform/servers/registry.ts'
import { capabilities, reasonOf } from '../../components/capabilities.ts'
import type { Components, SetReport } from './contract.ts'
import type { Loaded } from './sidecars.ts'

type Described = keyof typeof capabilities
const isDescribed = (kind: string): kind is Described => kind in capabilities

/** Returns the component sets in use, their capabilities, and the components loaded by the sidecars. */
export function componentsOf(
  project: Project,
  appConfigs: readonly AppConfig[],
  metadata: ReadonlyMap<string, Loaded>,
): Components {
  const paths = appConfigs[0]?.resourcesPaths ?? []
  const sets = kinds.flatMap((kind): SetReport[] => {
    const chosen = setAmong(kind, paths)
    const others = setsOf(kind, join(project.root, 'components')).filter((one) => one !== chosen)
    return chosen
      ? [{ kind, chosen, others, capabilities: capabilitiesOf(project, kind, chosen) }]
      : []
  })
  return { sets, components: loaded(metadata) }
}

function capabilitiesOf({ root }: Project, kind: string, set: string): SetReport['capabilities'] {
  if (!isDescribed(kind)) return []
  const missing = lacksOf(kind, set, root)
  return Object.entries(capabilities[kind]).map(([name, means]) => {
    const lack = missing[name]
    return { name, means, ...(lack && { lacks: reasonOf(lack) }) }
  })
}

function loaded(metadata: ReadonlyMap<string, Loaded>): Components['components'] {
  const all = new Map<string, Components['components'][number]>()
  for (const [app, { components }] of metadata) {
    for (const component of components) {
      const known = all.get(component.name)
      if (known) known.apps.push(app)
      else all.set(component.name, { ...component, apps: [app] })
    }
  }
  return [...all.values()].sort((one, other) => one.name.localeCompare(other.name))
}
