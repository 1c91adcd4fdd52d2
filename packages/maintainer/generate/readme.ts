import type { EventDefinition } from '@sidecart/chassis/contract/event.ts'
import { withSection } from '@sidecart/platform/config/generated-section.ts'
import { manifests } from '@sidecart/platform/config/manifests.ts'
import { type GeneratedFiles, ifThere } from './generated-file.ts'

/** The table of services in the README. */
export const readme = (): GeneratedFiles => ({
  'README.md': ifThere((before) => withSection('README.md', before, 'services', table())),
})

const table = (): string =>
  [
    '| service | owns | subscribes to | publishes |',
    '|---|---|---|---|',
    ...manifests.map(({ name, owns, subscribesTo = [], publishes = {} }) =>
      row([
        `[\`${name}\`](services/${name}/)`,
        owns,
        [...Map.groupBy(subscribesTo, ({ owner }) => owner)]
          .map(([owner, events]) => `${owner}: ${namesOf(events)}`)
          .join('; '),
        namesOf(Object.values(publishes)),
      ]),
    ),
  ].join('\n')

/** Returns an event's name in words: `contact changed` for `users-contact-changed-v1`. */
const namesOf = (events: readonly EventDefinition[]): string =>
  events
    .map(({ topic }) => topic.replace(/^[a-z]+-(.+)-v\d+$/, '$1').replaceAll('-', ' '))
    .join(', ')

const row = (cells: readonly string[]): string =>
  `|${cells.map((cell) => (cell ? ` ${cell} |` : ' |')).join('')}`
