import { ComponentSelection } from '../ui/field.tsx'

/** The provider's test cards. A token stands for a card; the shop never sees a number. */
const cards = [
  { token: 'card_approved', name: 'Card that works', hint: 'approved at once' },
  { token: 'card_declined', name: 'Card without money', hint: 'declined by the bank' },
  { token: 'card_slow', name: 'Slow bank', hint: 'answers after two seconds' },
  { token: 'card_retry', name: 'Bank with hiccups', hint: 'fails twice, then works' },
  {
    token: 'card_timeout_after_charge',
    name: 'Bank that falls silent',
    hint: 'charges, but never says so at first: asked again, charged once',
  },
] as const

export const defaultCard = cards[0].token

export function Cards() {
  return (
    <fieldset className="stack">
      <legend>
        <h2>Pay with</h2>
      </legend>
      <p className="soft small">Nothing here is real money. Choose how the bank should behave.</p>
      {cards.map(({ token, name, hint }) => (
        <ComponentSelection
          key={token}
          card
          type="radio"
          name="card"
          value={token}
          defaultChecked={token === defaultCard}
          label={<strong>{name}</strong>}
          hint={hint}
        />
      ))}
    </fieldset>
  )
}
