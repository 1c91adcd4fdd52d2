import { type Service, startService as startBesideSidecar } from '@sidecart/chassis/service.ts'
import { deliverTo, topicsOf } from './deliver.ts'
import type { DirectSidecar } from './direct-sidecar.ts'
import { directOptions } from './environment.ts'

/**
 * Starts a service with the chassis. In place of a sidecar, subscribes to each of the app's topics.
 */
export async function startService(name: string): Promise<Service> {
  const service = await startBesideSidecar(name)
  const { receive } = service.sidecar as DirectSidecar
  return {
    ...service,
    listen(app, workers = []) {
      service.listen(app, workers)
      const deliver = deliverTo(app, directOptions().appToken)
      receive(name, topicsOf(app), deliver, service.log).catch((err) => {
        service.log.fatal({ err }, 'the broker does not answer')
        process.exit(1)
      })
    },
  }
}
