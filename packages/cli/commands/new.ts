import { newService } from '@sidecart/maintainer/scaffold/new-service.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { command } from '../command.ts'

const listed = (given: string | undefined): string[] => given?.split(/[\s,]+/).filter(Boolean) ?? []

export default command({
  meta: { name: 'new', description: 'Add a service that starts and is tested' },
  args: {
    service: { type: 'positional', required: true, description: 'Its name: one word' },
    database: { type: 'boolean', description: 'With a database of its own' },
    subscribes: {
      type: 'string',
      valueHint: 'EVENT,…',
      description: 'Topics to receive, such as orders-confirmed-v1',
    },
    calls: {
      type: 'string',
      valueHint: 'SERVICE[.ROUTE],…',
      description: 'Services to call, such as catalog or catalog.list',
    },
  },
  async run({ args }) {
    const { service, database = false, subscribes, calls } = args
    const wanted = { database, subscribes: listed(subscribes), calls: listed(calls) }
    for (const path of await newService(projectAt(), service, wanted))
      console.log(`written: ${path}`)
    console.log(
      `\nnpx vitest run services/${service}   # its tests\nnpm start   # then: http://127.0.0.1:8080/${service}\nTake it back: ./sidecart remove ${service}`,
    )
  },
})
