// node --import bench/direct/register.mjs services/NAME/main.ts: the same service without a sidecar.
import { standIn } from '../stand-in.mjs'

standIn({
  'packages/chassis/sidecar/dapr-sidecar.ts': 'bench/direct/transport.ts',
  'packages/chassis/service.ts': 'bench/direct/service.ts',
})
