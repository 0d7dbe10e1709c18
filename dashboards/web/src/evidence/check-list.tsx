import { text } from '../text/text.ts'
import type { Check } from './check.ts'

const ticks = { ok: '✓', bad: '✗', remark: '!' } as const

/** The outcome in one sentence, then each check with what was compared. */
export function CheckList({ checks, date }: { checks: readonly Check[]; date: string }) {
  const words = text.value.evidence
  const bad = checks.some(({ state }) => state === 'bad')
  const remark = checks.some(({ state }) => state === 'remark')
  const outcome = { ok: words.holds, bad: words.fails, remark: words.remark }
  return (
    <div role="status" data-verdict={bad ? 'bad' : remark ? 'remark' : 'ok'}>
      <p class={bad ? 'verdict bad' : 'verdict ok'}>{bad ? words.bad : remark ? words.warn : words.good}</p>
      <p>{bad ? words.badText : words.goodText(date)}</p>
      <ol class="checks">
        {checks.map(({ id, state, compared }) => (
          <li key={id} class={state} data-check={id}>
            <span class="tick" aria-hidden="true">
              {ticks[state]}
            </span>
            <span>
              <strong>{words.checks[id]}</strong> <span class="soft">· {outcome[state]}</span>
            </span>
            <small class="mono">{compared.join(' · ')}</small>
          </li>
        ))}
      </ol>
      <p class="soft small">{words.notChecked}</p>
    </div>
  )
}
