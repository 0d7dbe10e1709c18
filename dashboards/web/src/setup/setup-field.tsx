import { useId } from 'preact/hooks'
import { text } from '../text/text.ts'
import type { Fault } from './draft.ts'

interface Props {
  readonly label: string
  readonly help?: string | undefined
  readonly value: string
  readonly fault: Fault | undefined
  /** What stood there from the start: no fault of the reader until it is asked for. */
  readonly initial: string
  /** Somebody wanted to go on: what is empty is wrong too. */
  readonly isAsked: boolean
  readonly onInput: (value: string) => void
}

/** A text field that says what is wrong with what it holds, and, once it is asked for, that it holds nothing. */
export function SetupField({ label, help, value, fault, initial, isAsked, onInput }: Props) {
  const id = useId()
  const isWrong = fault !== undefined && (isAsked || (value !== '' && value !== initial))
  return (
    <label class="field">
      <span>{label}</span>
      <input
        value={value}
        aria-invalid={isWrong}
        aria-describedby={id}
        spellcheck={false}
        autocomplete="off"
        maxLength={300}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      <small id={id} class={isWrong ? 'wrong' : undefined}>
        {(isWrong ? wordsOf(fault, value) : help) ?? '\u00a0'}
      </small>
    </label>
  )
}

function wordsOf(fault: Fault, value: string): string {
  const words = text.value.setup
  if (fault === 'empty' || value === '') return words.needed
  return fault === 'id' ? words.idBad(value) : words.urlBad(value)
}
