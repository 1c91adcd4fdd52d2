import { removeService } from '@sidecart/maintainer/scaffold/remove-service.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { command } from '../../command.ts'

export default command({
  meta: { name: 'remove', description: 'Remove a service on which no other depends' },
  args: { service: { type: 'positional', required: true, description: 'Its name' } },
  run({ args }) {
    for (const path of removeService(projectAt(), args.service)) console.log(`written: ${path}`)
    console.log(`removed: services/${args.service}; a database of a started shop stays`)
  },
})
