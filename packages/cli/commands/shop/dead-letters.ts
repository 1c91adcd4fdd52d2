import { connectionInfo } from '@sidecart/client/connection-info.ts'
import { deadLettersOf, type Outcome, tableOfLetters } from '@sidecart/client/dead-letters.ts'
import { asOperator } from '@sidecart/client/shop-client.ts'
import { readResources } from '@sidecart/platform/config/components/components.ts'
import { readRunFile } from '@sidecart/platform/config/dapr-yaml.ts'
import { projectAt, UserError } from '@sidecart/platform/config/project.ts'
import { defineCommand } from 'citty'
import { command } from '../../command.ts'

const service = { type: 'positional', required: false, description: 'Only of this one' } as const
const id = { type: 'positional', required: false, description: 'One dead letter' } as const
const all = { type: 'boolean', description: 'All that wait' } as const
const json = { type: 'boolean', description: 'For programs' } as const

const list = command({
  meta: { name: 'list', description: 'Events that could not be handled, oldest first, with cause' },
  args: {
    service,
    json,
    replayed: { type: 'boolean', description: 'Also those replayed or dismissed, and by whom' },
  },
  run: async ({ args }) => {
    const letters = await (await lettersOf(args.service)).list(args.replayed === true)
    if (args.json) console.log(JSON.stringify({ deadLetters: letters }))
    else console.log(letters.length === 0 ? 'no dead letters' : tableOfLetters(letters))
  },
})

const show = command({
  meta: { name: 'show', description: 'One dead letter with its event' },
  args: { service, id, json },
  run: async ({ args }) => {
    const [only, wanted] = chosen(args)
    if (!wanted) throw new UserError('which one? sidecart dead-letters list')
    const letter = await (await lettersOf(only)).show(wanted)
    console.log(JSON.stringify(letter, null, args.json ? 0 : 2))
  },
})

const handling = (action: 'replay' | 'dismiss', description: string) =>
  command({
    meta: { name: action, description },
    args: { service, id, all, json },
    run: async ({ args }) => {
      const [only, wanted] = chosen(args)
      if (!wanted === !args.all) throw new UserError('name one dead letter, or say --all')
      const letters = await lettersOf(only)
      const some = wanted ? [await letters.show(wanted)] : await letters.list()
      const outcomes: Outcome[] = []
      for (const letter of some) outcomes.push(await letters.handle(action, letter))
      report(outcomes, args.json === true)
    },
  })

export default defineCommand({
  meta: { name: 'dead-letters', description: 'Events that a service could not handle' },
  subCommands: {
    list,
    show,
    replay: handling('replay', 'Hand them to their service again; exit code 1 when one fails'),
    dismiss: handling('dismiss', 'Throw them away for good'),
  },
})

function report(outcomes: readonly Outcome[], asJson: boolean): void {
  if (asJson) console.log(JSON.stringify({ outcomes }))
  else if (outcomes.length === 0) console.log('no dead letters')
  else
    for (const { service, id, outcome, detail } of outcomes)
      console.log(`${service} ${id}: ${outcome}${detail ? ` (${detail})` : ''}`)
  if (outcomes.some(({ outcome }) => outcome === 'failed')) process.exitCode = 1
}

/** Accepts both `show ID` and `show SERVICE ID`: no service is named like an id. */
function chosen({
  service,
  id,
}: {
  service?: string | undefined
  id?: string | undefined
}): [string | undefined, string | undefined] {
  return id === undefined && service && !consumers().includes(service)
    ? [undefined, service]
    : [service, id]
}

async function lettersOf(service: string | undefined) {
  const known = consumers()
  if (service && !known.includes(service))
    throw new UserError(`${service} receives no events; these do: ${known.join(', ')}`)
  return deadLettersOf(asOperator(await connectionInfo()), service ? [service] : known)
}

/** Returns the services named by the subscriptions in use. */
function consumers(): string[] {
  const folders = readRunFile(projectAt().runFile).flatMap(({ resourcesPaths }) => resourcesPaths)
  const subscriptions = readResources([...new Set(folders)]).filter(
    ({ kind }) => kind === 'Subscription',
  )
  return [...new Set(subscriptions.flatMap(({ scopes }) => scopes))].sort()
}
