import { newApp } from '@sidecart/maintainer/scaffold/new-app.ts'
import { newService } from '@sidecart/maintainer/scaffold/new-service.ts'
import { projectAt, UserError } from '@sidecart/platform/config/project.ts'
import { command } from '../../command.ts'

const listed = (given: string | undefined): string[] => given?.split(/[\s,]+/).filter(Boolean) ?? []

export default command({
  meta: {
    name: 'new',
    description: 'Add a service that starts and is tested, or start another project (--app)',
  },
  args: {
    service: { type: 'positional', required: false, description: 'Its name: one word' },
    app: {
      type: 'string',
      valueHint: 'DIR',
      description: 'Another project from the chassis, with one example service, in a new folder',
    },
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
    const { service, app, database = false, subscribes, calls } = args
    if (app !== undefined) {
      if (service !== undefined || database || subscribes !== undefined || calls !== undefined)
        throw new UserError('--app DIR goes alone')
      await newApp(projectAt(), app)
      return console.log(
        `\ncd ${app}\nnpm start   # then: curl http://127.0.0.1:8080/courses\nnpm test`,
      )
    }
    if (service === undefined) throw new UserError('name a service, or a folder: --app DIR')
    const wanted = { database, subscribes: listed(subscribes), calls: listed(calls) }
    for (const path of await newService(projectAt(), service, wanted))
      console.log(`written: ${path}`)
    console.log(
      `\nnpx vitest run services/${service}   # its tests\nnpm start   # then: http://127.0.0.1:8080/${service}\nTake it back: ./sidecart remove ${service}`,
    )
  },
})
