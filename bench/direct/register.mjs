// node --import bench/direct/register.mjs services/NAME/main.ts: the same service without a sidecar.
import { standIn } from '../stand-in.mjs'

standIn({
  'chassis/dapr.ts': 'bench/direct/transport.ts',
  'chassis/service.ts': 'bench/direct/service.ts',
})
