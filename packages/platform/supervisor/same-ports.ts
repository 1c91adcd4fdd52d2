import { rememberedPorts } from '../config/choose-ports.ts'
import { portsFrom } from '../config/ports.ts'
import { type Project, UserError } from '../config/project.ts'
import { procOf, readState } from './state-file.ts'

/** @throws UserError when servers of this checkout run on other ports */
export function assertSamePorts(project: Project): void {
  const running = (readState(project)?.processes ?? []).find(procOf)
  if (running && rememberedPorts(project) !== portsFrom)
    throw new UserError(`${running.name} runs on other ports: ./sidecart down, then start again`)
}
