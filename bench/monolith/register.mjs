// node --import bench/monolith/register.mjs bench/monolith/main.ts: all services in one process.
import { standIn } from '../stand-in.mjs'

standIn({ 'packages/chassis/service.ts': 'bench/monolith/service.ts' })
