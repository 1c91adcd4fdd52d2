// node --import bench/direct/register.mjs services/NAME/main.ts: the same service without a sidecar.
import { overrideModules } from '../module-override.mjs'

overrideModules({
  'packages/chassis/sidecar/dapr-sidecar.ts': 'bench/direct/direct-sidecar.ts',
  'packages/chassis/service.ts': 'bench/direct/service.ts',
})
