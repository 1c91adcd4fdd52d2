import type { DeadLetter } from '@sidecart/chassis/contract/event.ts'
import { UserError } from '@sidecart/platform/config/project.ts'
import { table } from '@sidecart/platform/process/terminal.ts'
import { type ShopClient, ShopProblem } from './shop-client.ts'

export type Letter = Omit<DeadLetter, 'event'> & { service: string; event?: unknown }

export type Outcome = { service: string; id: string; outcome: string; detail?: string }

/** Lists and handles dead letters of several services as an operator, through the gateway. */
export function deadLettersOf(shop: ShopClient, services: readonly string[]) {
  const at = (service: string, id = '', action = '') =>
    ['', service, 'dead-letters', ...[encodeURIComponent(id), action].filter(Boolean)].join('/')

  async function list(replayedToo = false): Promise<Letter[]> {
    const query = replayedToo ? '?replayed=true' : ''
    const lists = await Promise.all(
      services.map(async (service) => {
        const { deadLetters } = await shop.ask('GET', `${at(service)}${query}`)
        return (deadLetters as Omit<Letter, 'service'>[]).map((one) => ({ service, ...one }))
      }),
    )
    return lists.flat().sort((one, other) => one.arrivedAt.localeCompare(other.arrivedAt))
  }

  /** @throws UserError when no service has a dead letter with this id */
  async function show(id: string): Promise<Letter> {
    for (const service of services) {
      const letter = await shop.ask('GET', at(service, id)).catch(unlessMissing)
      if (letter) return { service, ...letter } as Letter
    }
    throw new UserError(`there is no dead letter ${id} in ${services.join(', ')}`)
  }

  /** Replays a dead letter. A dead letter that fails again is kept, with the reason. */
  async function handle(
    action: 'replay' | 'dismiss',
    { service, id }: Pick<Letter, 'service' | 'id'>,
  ): Promise<Outcome> {
    try {
      const { outcome } = await shop.ask('POST', at(service, id, action))
      return { service, id, outcome: String(outcome) }
    } catch (error) {
      if (!(error instanceof ShopProblem)) throw error
      return { service, id, outcome: 'failed', detail: `${error.code}: ${error.message}` }
    }
  }

  return { list, show, handle }
}

function unlessMissing(error: unknown): undefined {
  if (error instanceof ShopProblem && error.status === 404) return undefined
  throw error
}

/** What becomes of a letter next. */
function stateOf(letter: Letter, now = Date.now()): string {
  const { replayedAt, dismissedAt, handledBy, nextAttemptAt } = letter
  const handled = dismissedAt ? 'dismissed' : replayedAt && 'replayed'
  if (handled) return handledBy ? `${handled} by ${handledBy}` : handled
  if (!nextAttemptAt) return 'dead'
  return `again in ${Math.max(0, Math.round((Date.parse(nextAttemptAt) - now) / 1000))} s`
}

export function tableOfLetters(letters: readonly Letter[]): string {
  const rows = letters.map((letter) => [
    letter.service,
    letter.id,
    letter.topic,
    stateOf(letter),
    String(letter.attempts),
    letter.traceId ?? '-',
    letter.cause,
  ])
  return table([['SERVICE', 'ID', 'TOPIC', 'STATE', 'TRIES', 'TRACE', 'CAUSE'], ...rows])
}
