import { when } from '../format.ts'
import { text } from '../text/text.ts'
import type { Check, Gap } from './check.ts'

const ticks = { ok: '✓', bad: '✗', remark: '!' } as const

/** The outcome in one sentence, then each check with what was compared. */
interface Props {
  readonly checks: readonly Check[]
  readonly date: string
  readonly zone: string
}

export function CheckList({ checks, date, zone }: Props) {
  const words = text.value.evidence
  const bad = checks.some(({ state }) => state === 'bad')
  const remark = checks.some(({ state }) => state === 'remark')
  const outcome = { ok: words.holds, bad: words.fails, remark: words.remark }
  return (
    <div role="status" data-verdict={bad ? 'bad' : remark ? 'remark' : 'ok'}>
      <p class={`verdict ${bad ? 'bad' : remark ? 'remark' : 'ok'}`}>
        {bad ? words.bad : remark ? words.warn : words.good}
      </p>
      <p>{bad ? words.badText : remark ? words.remarkText(date) : words.goodText(date)}</p>
      <ol class="checks">
        {checks.map(({ id, state, compared, gaps }) => (
          <li key={id} class={state} data-check={id}>
            <span class="tick" aria-hidden="true">
              {ticks[state]}
            </span>
            <span>
              <strong>{words.checks[id]}</strong> <span class="soft">· {outcome[state]}</span>
            </span>
            <small class="mono">{compared.join(' · ')}</small>
            <Gaps gaps={gaps ?? []} zone={zone} />
          </li>
        ))}
      </ol>
      <p class="soft small">{words.notChecked}</p>
    </div>
  )
}

const mostShown = 8

/** Time that no page is shown for, in words. */
function Gaps({ gaps, zone }: { gaps: readonly Gap[]; zone: string }) {
  const words = text.value.evidence
  if (gaps.length === 0) return null
  return (
    <ul class="gaps">
      {gaps.slice(0, mostShown).map(({ from, to, pages }) => {
        const [a, b] = [when('time', from, zone), when('time', to, zone)]
        return <li key={from}>{pages ? words.pagesMissing(pages, a, b) : words.timeMissing(a, b)}</li>
      })}
      {gaps.length > mostShown ? <li>… +{gaps.length - mostShown}</li> : null}
    </ul>
  )
}
