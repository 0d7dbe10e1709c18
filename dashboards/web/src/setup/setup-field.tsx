import { useId } from 'preact/hooks'
import { text } from '../text/text.ts'
import type { Fault } from './draft.ts'

interface Props {
  readonly label: string
  readonly help?: string | undefined
  readonly value: string
  readonly fault: Fault | undefined
  readonly onInput: (value: string) => void
}

/** A text field that says what is wrong with what it holds. */
export function SetupField({ label, help, value, fault, onInput }: Props) {
  const words = text.value.setup
  const id = useId()
  const message =
    fault === undefined || value === ''
      ? help
      : fault === 'id'
        ? words.idBad(value)
        : fault === 'url'
          ? words.urlBad(value)
          : words.needed
  const wrong = fault !== undefined && value !== ''
  return (
    <label class="field">
      <span>{label}</span>
      <input
        value={value}
        aria-invalid={wrong}
        aria-describedby={id}
        spellcheck={false}
        autocomplete="off"
        maxLength={300}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      <small id={id} class={wrong ? 'wrong' : undefined}>
        {message ?? '\u00a0'}
      </small>
    </label>
  )
}
