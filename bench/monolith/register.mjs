// node --import bench/monolith/register.mjs bench/monolith/main.ts: all services in one process.
import { overrideModules } from '../module-override.mjs'

overrideModules({ 'packages/chassis/service.ts': 'bench/monolith/service.ts' })
