import { setFlagsFromString } from 'node:v8'

/*
 * Imported for what it does: V8 compiles a function for speed after 100 calls. It waits for four to five times as many by
 * default, which takes a service that is asked ten times a second most of its first minute; one of three instances, minutes.
 */
setFlagsFromString('--invocation-count-for-maglev=100')
setFlagsFromString('--minimum-invocations-after-ic-update=100')
