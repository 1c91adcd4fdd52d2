import { type FormEvent, useState } from 'react'
import { isOutage, ShopProblem } from '../api/problem.ts'

type Faults = Readonly<Record<string, string>>

/**
 * A form with errors beside its fields: first the browser's (`required`, `type`, `minLength` …),
 * then the API's `errors`. Errors without a field are in `problem`. The first invalid field gets
 * the focus.
 *
 * @example const { faults, busy, problem, submit } = useForm(async (values) => signIn(values.email, values.password))
 */
export function useForm(send: (values: Record<string, string>) => Promise<unknown>) {
  const [faults, setFaults] = useState<Faults>({})
  const [problem, setProblem] = useState<ShopProblem>()
  const [busy, setBusy] = useState(false)

  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault()
    if (busy) return
    const form = event.currentTarget
    setProblem(undefined)
    if (show(form, invalidFields(form))) return
    setBusy(true)
    try {
      await send(valuesOf(form))
    } catch (error) {
      if (!(error instanceof ShopProblem)) throw error
      if (!show(form, refusedFields(form, error))) setProblem(error)
    } finally {
      setBusy(false)
    }
  }

  function show(form: HTMLFormElement, found: Faults): boolean {
    setFaults(found)
    const [first] = Object.keys(found)
    if (first)
      fieldsOf(form)
        .find(({ name }) => name === first)
        ?.focus()
    return first !== undefined
  }

  return { faults, problem, busy, submit }
}

/** Returns the text for a request refused as a whole. */
export const messageOf = (problem: ShopProblem): string =>
  isOutage(problem)
    ? 'This part of the shop is not answering at the moment. Nothing is lost; please try again shortly.'
    : problem.message

type Field = HTMLInputElement | HTMLSelectElement

const fieldsOf = (form: HTMLFormElement): Field[] =>
  [...form.elements].filter(
    (element): element is Field =>
      element instanceof HTMLInputElement || element instanceof HTMLSelectElement,
  )

const invalidFields = (form: HTMLFormElement): Faults =>
  Object.fromEntries(
    fieldsOf(form)
      .filter((field) => !field.validity.valid)
      .map(({ name, validationMessage }) => [name, validationMessage]),
  )

/** Maps the API's field paths (`shipTo.city`) to form fields by the last segment. */
function refusedFields(form: HTMLFormElement, { errors }: ShopProblem): Faults {
  const names = new Set(fieldsOf(form).map(({ name }) => name))
  const faults = errors
    .map(({ field, message }) => [field.split('.').at(-1) ?? field, message] as const)
    .filter(([name]) => names.has(name))
  return Object.fromEntries(faults)
}

const valuesOf = (form: HTMLFormElement): Record<string, string> =>
  Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]))
