import { text } from '../text/text.ts'

/** How long a level has to last before it counts, whole seconds, 0 to 600. */
export function DwellField({ seconds, change }: { seconds: number; change: (seconds: number) => void }) {
  return (
    <label class="field">
      <span>{text.value.setup.dwell}</span>
      <input
        type="number"
        min="0"
        max="600"
        value={seconds}
        onInput={({ currentTarget: { valueAsNumber } }) =>
          change(Math.min(600, Math.max(0, Math.round(valueAsNumber || 0))))
        }
      />
    </label>
  )
}
