import { kafka } from './kafka.ts'
import { mariadb } from './mariadb.ts'
import { redis } from './redis.ts'
import type { Server } from './server.ts'

/** Servers of the component sets. With `--ports-from` their ports follow one another in this order. */
export const servers: readonly Server[] = [redis, kafka, mariadb]
