import type { State } from '@hours/protocol'
import { CountBar } from '../charts/count-bar.tsx'
import { count } from '../format.ts'
import { place, setQuery } from '../route.ts'
import { Swatch } from '../state-mark.tsx'
import { states } from '../states.ts'
import { text } from '../text/text.ts'

/** How many are in each state, as a bar; a click on a state shows only those. */
export function CountsBar({ counts }: { counts: Partial<Record<State, number>> | undefined }) {
  const chosen = place.value.query.get('state')
  const toggle = (state: State) => setQuery({ state: chosen === state ? null : state, cursor: null })
  return (
    <div class="counts">
      <CountBar counts={counts ?? {}} />
      <ul class="legend">
        {states.map((state) => (
          <li key={state}>
            <button
              type="button"
              aria-pressed={chosen === state}
              title={text.value.stateHelp[state]}
              onClick={() => toggle(state)}
            >
              <span class="state">
                <Swatch state={state} />
                <b>{counts ? count(counts[state] ?? 0) : '\u2007'}</b> {text.value.states[state]}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}
