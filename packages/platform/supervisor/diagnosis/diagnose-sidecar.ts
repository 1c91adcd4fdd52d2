import { entriesOf, firstOf, type Resource, titleOf } from '../../config/components/components.ts'
import { addressesIn, fieldsToMend, type ReachabilityContext } from './check-reachability.ts'

const reference = "Dapr's reference: https://docs.dapr.io/reference/components-reference/"

type Given = ReachabilityContext & { resources: readonly Resource[] }

/** The log line of a sidecar that gives up on a component. */
const failure = /initialization error occurred for (\S+) \(\S+?\/\w+\): (.*?)" app_id=/

/** An earlier log line when the secret store returned no login, the cause of the component's failure. */
const noSecret = /msg="Error getting secret: (.*?)" app_id=/

/** Settings that select the server of a secret store without a field for an address. */
const asked: Record<string, string> = {
  'secretstores.kubernetes':
    'KUBECONFIG says which cluster is asked (~/.kube/config, when it does not), NAMESPACE where in it.',
}

/** Messages without information beyond the failure. */
const wrapping = /INIT_COMPONENT_FAILURE|^initialization error occurred for/

/** Messages of Dapr's components about a rejected login or an absent server. */
const refused =
  /wrongpass|noauth|noperm|password|authenti|authoriz|access_refused|access denied|sasl|not authorized/i
const absent =
  /refused|no such host|no route|unreachable|no servers available|i\/o timeout|deadline exceeded|init timeout/i

/** The message of a file-based store without its file. */
const noFile = /unable to open database file/i

/**
 * Returns the failed component, its file, the cause and the next step, from the last lines of a sidecar's log. Returns
 * undefined when the sidecar ended for another reason.
 */
export function diagnoseSidecar(log: readonly string[], { resources, ...known }: Given) {
  const [, name, message = ''] = firstOf(failure, log)
  const [, withheld] = firstOf(noSecret, log)
  const store = resources.find(({ spec }) => String(spec.type).startsWith('secretstores.'))
  if (name && withheld && store) return withoutSecret(store, withheld)
  const component = resources.find(
    ({ kind, metadata }) => kind === 'Component' && metadata.name === name,
  )
  if (!name || !component) return undefined
  const why = message.split(': ').filter((part) => !wrapping.test(part))
  return [
    `${titleOf(component)} could not be started:`,
    `  ${readable(why.join(': '))}`,
    `  ${todo(component, message, known)}`,
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
  message: string,
  { secrets, secretsFile }: ReachabilityContext,
): string {
  const where = fieldsToMend(component, secretsFile)
  const named = entriesOf(component).flatMap((entry) => addressesIn(entry, secrets))
  const places = named.map(({ host, port }) => `${host}:${port}`)
  const server = places.length > 0 ? `The server at ${places.join(', ')}` : 'The server'
  if (noFile.test(message))
    return `There is no such file, and none can be made in its folder: correct ${where}.`
  if (refused.test(message))
    return `${server} does not let it in: compare ${where} with the server.`
  if (absent.test(message))
    return `${server} does not answer, or not with this login: start it, or correct ${where}.`
  return `Compare its fields with ${reference} (${where}).`
}
