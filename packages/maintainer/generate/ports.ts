import { withSection } from '@sidecart/platform/config/generated-section.ts'
import { servers } from '@sidecart/platform/servers/registry.ts'
import type { ServerPort } from '@sidecart/platform/servers/server.ts'
import { type GeneratedFiles, ifThere } from './generated-file.ts'

const page = 'docs/ports.md'

/** The table of the servers of component sets on the page of ports. */
export const ports = (): GeneratedFiles => ({
  [page]: ifThere((before) => withSection(page, before, 'servers', table())),
})

function table(): string {
  const rows = servers.flatMap(({ name, ports }) =>
    Object.values<ServerPort>(ports).map(
      ({ usual, serves }) => `| ${name} | ${usual} | 127.0.0.1 | ${serves} |`,
    ),
  )
  return ['| server of a set | port | on | serves |', '|---|---|---|---|', ...rows].join('\n')
}
