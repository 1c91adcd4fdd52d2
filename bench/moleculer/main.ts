// Starts one node: node bench/moleculer/main.ts, with APP_ID naming the service.
import { startNode } from './node.ts'

const node = await startNode()
await node.serve((await import(`./services/${node.name}.ts`)).default)
