import { entriesOf, firstOf, type Resource, titleOf } from '../config/components.ts'
import { addressesIn, fieldsToMend, type ReachabilityContext } from './check-reachability.ts'

const reference = "Dapr's reference: https://docs.dapr.io/reference/components-reference/"

type Given = ReachabilityContext & { resources: readonly Resource[] }

/** What a sidecar writes when it gives up on a component. */
const failure = /initialization error occurred for (\S+) \(\S+?\/\w+\): (.*?)" app_id=/

/** What it writes before that when the secret store gave it no login, of which the component then complains. */
const noSecret = /msg="Error getting secret: (.*?)" app_id=/

/** Where a secret store is asked that has no field for it. */
const asked: Record<string, string> = {
  'secretstores.kubernetes':
    'KUBECONFIG says which cluster is asked (~/.kube/config, when it does not), NAMESPACE where in it.',
}

/** What says no more than that it failed. */
const wrapping = /INIT_COMPONENT_FAILURE|^initialization error occurred for/

/** What Dapr's components say when a server does not let them in, or is not there. */
const refused =
  /wrongpass|noauth|noperm|password|authenti|authoriz|access_refused|access denied|sasl|not authorized/i
const absent =
  /refused|no such host|no route|unreachable|no servers available|i\/o timeout|deadline exceeded|init timeout/i

/** The same of a store that is a file. */
const noFile = /unable to open database file/i

/**
 * From the last lines of a sidecar's log: which component could not be brought up, in which file, why, and what to do.
 * Undefined when it ended for another reason.
 */
export function diagnoseSidecar(log: readonly string[], { resources, ...known }: Given) {
  const [, name, said = ''] = firstOf(failure, log)
  const [, withheld] = firstOf(noSecret, log)
  const store = resources.find(({ spec }) => String(spec.type).startsWith('secretstores.'))
  if (name && withheld && store) return withoutSecret(store, withheld)
  const component = resources.find(
    ({ kind, metadata }) => kind === 'Component' && metadata.name === name,
  )
  if (!name || !component) return undefined
  const why = said.split(': ').filter((part) => !wrapping.test(part))
  return [
    `${titleOf(component)} could not be started:`,
    `  ${readable(why.join(': '))}`,
    `  ${todo(component, said, known)}`,
  ].join('\n')
}

function withoutSecret(store: Resource, why: string): string {
  return [
    `${titleOf(store)} did not answer what the others need:`,
    `  ${readable(why)}`,
    `  ${asked[String(store.spec.type)] ?? `Compare it with ${reference}.`}`,
  ].join('\n')
}

const readable = (text: string) =>
  text.replaceAll('\\n', ' ').replaceAll('\\t', '').replaceAll('\\"', '"')

function todo(
  component: Resource,
  said: string,
  { secrets, secretsFile }: ReachabilityContext,
): string {
  const where = fieldsToMend(component, secretsFile)
  const named = entriesOf(component).flatMap((entry) => addressesIn(entry, secrets))
  const places = named.map(({ host, port }) => `${host}:${port}`)
  const server = places.length > 0 ? `The server at ${places.join(', ')}` : 'The server'
  if (noFile.test(said))
    return `There is no such file, and none can be made in its folder: correct ${where}.`
  if (refused.test(said)) return `${server} does not let it in: compare ${where} with the server.`
  if (absent.test(said))
    return `${server} does not answer, or not with this login: start it, or correct ${where}.`
  return `Compare its fields with ${reference} (${where}).`
}
