/** Command-line arguments that select a process. */
export const processArgs = {
  service: {
    type: 'positional',
    required: true,
    description: 'A service, NAME-sidecar, or a server such as postgres',
  },
  withSidecar: { type: 'boolean', description: 'The sidecar of the service too' },
} as const

export function named({
  service,
  withSidecar,
}: {
  service: string
  withSidecar?: boolean | undefined
}): string[] {
  return withSidecar ? [service, `${service}-sidecar`] : [service]
}
