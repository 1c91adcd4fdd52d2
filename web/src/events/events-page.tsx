import document from '../../../docs/asyncapi.json'
import { Page } from '../ui/page.tsx'
import { fieldsOf, type Schema } from './fields.ts'
import './events.css'

type Messages = Record<string, { payload: { properties: { data: Schema } } }>
const messages = document.components.messages as unknown as Messages
const operations: { action: string; channel: { $ref: string }; tags: { name: string }[] }[] =
  Object.values(document.operations)

/** All events of the services: publisher, subscribers, payload. Generated from the contracts. */
export function EventsPage() {
  const topics = Object.keys(messages)
  const owners = [...new Set(topics.map((topic) => topic.split('-')[0] ?? ''))]
  return (
    <Page title="Events" lead={document.info.description}>
      <div className="event-owners">
        {owners.map((owner) => (
          <section key={owner} className="stack" aria-labelledby={`from-${owner}`}>
            <h2 id={`from-${owner}`}>{owner} publishes</h2>
            {topics
              .filter((topic) => topic.startsWith(`${owner}-`))
              .map((topic) => (
                <EventCard key={topic} topic={topic} />
              ))}
          </section>
        ))}
      </div>
    </Page>
  )
}

function EventCard({ topic }: { topic: string }) {
  const fields = fieldsOf(messages[topic]?.payload.properties.data ?? {})
  const consumers = operations
    .filter(({ action, channel }) => action === 'receive' && channel.$ref.endsWith(`/${topic}`))
    .flatMap(({ tags }) => tags.map(({ name }) => name))
  return (
    <article className="card event-card" id={topic}>
      <h3>
        <a href={`#${topic}`}>{topic}</a>
      </h3>
      <p className="soft small">
        {consumers.length > 0 ? `received by ${consumers.join(', ')}` : 'nobody here listens yet'}
      </p>
      <details>
        <summary>What it carries</summary>
        <table>
          <thead>
            <tr>
              <th>Field</th>
              <th>Type</th>
              <th>Always there</th>
            </tr>
          </thead>
          <tbody>
            {fields.map(({ path, type, required }) => (
              <tr key={path}>
                <td>
                  <code>{path}</code>
                </td>
                <td>{type}</td>
                <td>{required ? 'yes' : 'no'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </article>
  )
}
