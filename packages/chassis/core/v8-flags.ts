import { setFlagsFromString } from 'node:v8'

/*
 * Imported for the side effect: V8 optimises a function after 100 calls. The default is four to five times higher,
 * and a service with ten requests per second needs most of the first minute to reach the default; one of three
 * instances needs minutes.
 */
setFlagsFromString('--invocation-count-for-maglev=100')
setFlagsFromString('--minimum-invocations-after-ic-update=100')
