import type { DayEvidence } from '@hours/protocol'
import { useEffect, useState } from 'preact/hooks'
import { api } from '../api-client.ts'
import { CsvButton } from '../charts/chart-frame.tsx'
import { serverNow } from '../clock.ts'
import { download } from '../csv.ts'
import { count, when } from '../format.ts'
import { FaultNotice, Notice, Waiting } from '../notice.tsx'
import { useResource } from '../resource.ts'
import { place, setQuery } from '../route.ts'
import { text } from '../text/text.ts'
import { dateOf, dayStart } from '../zone.ts'
import type { Check } from './check.ts'
import { CheckList } from './check-list.tsx'
import { pagesOf } from './pages-of.ts'

type Outcome =
  | { readonly state: 'idle' }
  | { readonly state: 'running'; readonly done: number; readonly all: number }
  | { readonly state: 'done'; readonly checks: readonly Check[] }
  | { readonly state: 'unsupported' }

/** What a day's hours rest on, and a button that checks it here and now. */
export function EvidencePanel({ instrument, zone }: { instrument: string; zone: string }) {
  const words = text.value.evidence
  const today = dateOf(zone, serverNow.value)
  const asked = place.value.query.get('day')
  const date =
    asked !== null && /^\d{4}-\d{2}-\d{2}$/.test(asked)
      ? asked
      : dateOf(zone, dayStart(zone, serverNow.value, -1))
  const answer = useResource(api.evidence(instrument, date))
  const { data } = answer
  return (
    <section aria-labelledby="evidence">
      <h2 id="evidence">{words.title}</h2>
      <p class="lead">{words.intro}</p>
      <div class="row no-print evidence-day">
        <label class="field">
          <span>{words.day}</span>
          <input
            type="date"
            value={date}
            max={today}
            onChange={(event) => setQuery({ day: event.currentTarget.value })}
          />
        </label>
      </div>
      <FaultNotice of={answer} />
      {data?.date === date ? (
        <Day key={`${date} ${data.checkpoint}`} evidence={data} zone={zone} />
      ) : answer.fault ? null : (
        <Waiting height={180} />
      )}
    </section>
  )
}

function Day({ evidence, zone }: { evidence: DayEvidence; zone: string }) {
  const words = text.value.evidence
  const [outcome, setOutcome] = useState<Outcome>({ state: 'idle' })
  useEffect(() => setOutcome({ state: 'idle' }), [evidence])
  const lines = evidence.checkpoint.split('\n')
  const pages = pagesOf(evidence)
  const verify = async () => {
    setOutcome({ state: 'running', done: 0, all: pages.length })
    const [{ verifyDay }, { hasEd25519 }] = await Promise.all([
      import('./verify-day.ts'),
      import('./web-crypto.ts'),
    ])
    if (!(await hasEd25519())) {
      setOutcome({ state: 'unsupported' })
      return
    }
    const checks = await verifyDay(evidence, serverNow.value, (done, all) =>
      setOutcome({ state: 'running', done, all }),
    )
    setOutcome({ state: 'done', checks })
  }
  return (
    <>
      <p>
        {pages.length === 0 ? words.noPages : words.pages(pages.length)}
        <span class="soft">
          {' · '}
          {words.checkpoint} <code>{lines[0]}</code>, {count(Number(lines[1]) || 0)} {words.size}
        </span>
      </p>
      <div class="row no-print evidence-day">
        <button
          type="button"
          class="button"
          disabled={pages.length === 0}
          aria-disabled={outcome.state === 'running'}
          onClick={() => (outcome.state === 'running' ? undefined : void verify())}
        >
          {words.verify}
        </button>
        <button
          type="button"
          class="button quiet"
          onClick={() =>
            download(
              `evidence-${evidence.key}-${evidence.date}.json`,
              JSON.stringify(evidence, null, 1),
              'application/json',
            )
          }
        >
          {words.download}
        </button>
        {outcome.state === 'running' ? (
          <span class="soft" role="status">
            {words.verifying} {outcome.done} / {outcome.all}
          </span>
        ) : null}
      </div>
      {outcome.state === 'unsupported' ? <Notice title={words.unsupported} bad /> : null}
      {outcome.state === 'done' ? (
        <CheckList checks={outcome.checks} date={evidence.date} zone={zone} />
      ) : null}
      <PageList evidence={evidence} zone={zone} />
    </>
  )
}

function PageList({ evidence, zone }: { evidence: DayEvidence; zone: string }) {
  const words = text.value.evidence
  const pages = pagesOf(evidence)
  if (pages.length === 0) return null
  return (
    <details>
      <summary>{words.list}</summary>
      <div class="scroll tall" tabIndex={0} role="region" aria-label={words.list}>
        <table class="dense">
          <thead>
            <tr>
              <th scope="col">{text.value.instrument.gateway}</th>
              <th scope="col" class="num">
                {words.seq}
              </th>
              <th scope="col" class="num">
                {words.index}
              </th>
              <th scope="col">{words.covers}</th>
            </tr>
          </thead>
          <tbody>
            {pages.map(({ gateway, seq, index, jws }) => (
              <tr key={`${gateway} ${index}`}>
                <td>{gateway}</td>
                <td class="num">{seq}</td>
                <td class="num">{index}</td>
                <td>{bracketOf(jws, zone)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <CsvButton
        title={words.list}
        rows={{
          name: `pages-${evidence.key}-${evidence.date}`,
          head: ['gateway', 'seq', 'log_index', 'covers'],
          body: () =>
            pages.map(({ gateway, seq, index, jws }) => [gateway, seq, index, bracketOf(jws, zone)]),
        }}
      />
    </details>
  )
}

/** From and to of a page as written in it; shown, not trusted. */
function bracketOf(jws: string, zone: string): string {
  try {
    const payload = atob((jws.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/'))
    const { from, to } = JSON.parse(payload) as { from: number; to: number }
    return `${when('time', from, zone)} – ${when('time', to, zone)}`
  } catch {
    return '–'
  }
}
