import { createApp } from './app.ts'
import { createLog } from './log.ts'
import { createMemoryTransport } from './memory-transport.ts'
import { transportSuite } from './transport.suite.ts'

transportSuite('the memory transport', async () => {
  const transport = createMemoryTransport()
  transport.apps.set('tests', createApp({ name: 'tests', log: createLog('tests', 'silent') }))
  transport.secrets.set('known', 'value')
  const { state, invoke, secret } = transport
  const reachable = { app: 'tests', found: '/openapi.json', missing: '/nothing' }
  return { state, invoke, secret, reachable, known: { name: 'known', value: 'value' } }
})
