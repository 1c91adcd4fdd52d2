import { limits } from '../cart/limits.ts'
import { Icon } from './icon.tsx'

/** One fewer, one more. */
export function Quantity({
  of,
  value,
  min = 1,
  onChange,
}: {
  of: string
  value: number
  min?: number
  onChange: (quantity: number) => void
}) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would need a legend; the label says it
    <div className="stepper" role="group" aria-label={`Quantity of ${of}`}>
      <button
        type="button"
        className="icon-button"
        aria-label={`One ${of} fewer`}
        disabled={value <= min}
        onClick={() => onChange(value - 1)}
      >
        <Icon name="minus" size={18} />
      </button>
      <output aria-live="polite">{value}</output>
      <button
        type="button"
        className="icon-button"
        aria-label={`One ${of} more`}
        disabled={value >= limits.pieces}
        onClick={() => onChange(value + 1)}
      >
        <Icon name="plus" size={18} />
      </button>
    </div>
  )
}
