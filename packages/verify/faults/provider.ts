import { providerPort, realPort } from '@sidecart/platform/config/ports.ts'
import type { Secrets } from '@sidecart/platform/config/secrets.ts'

/** Makes the next requests to the sandbox provider fail. */
export async function orderFaults(
  secrets: Secrets,
  fault: string,
  requests: number,
): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${realPort(providerPort)}/v1/faults`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${secrets['provider-api-key']}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ fault, requests }),
  })
  if (!answer.ok) throw new Error(`the provider answered ${answer.status}`)
}
