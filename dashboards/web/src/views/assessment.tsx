import { api, itemsOf } from '../api-client.ts'
import type { Assessment, AssessmentItem } from '../api-shapes.ts'
import { CsvButton } from '../charts/chart-frame.tsx'
import { type Column, PlainTable } from '../data-table.tsx'
import { count, decimal, nameOf, none, percent } from '../format.ts'
import { FaultNotice, Notice, Waiting } from '../notice.tsx'
import { askedPeriod, PeriodField } from '../period-field.tsx'
import { useResource } from '../resource.ts'
import { place, setQuery } from '../route.ts'
import { ScopeField } from '../scope-field.tsx'
import { simulated } from '../simulated.ts'
import { useSiteZone } from '../site-zone.ts'
import { text } from '../text/text.ts'
import { ReportFile } from './report-file.tsx'
import { givenParameters, neededOf, RuleParameters } from './rule-parameters.tsx'

/** Scores by a rule set, with reasons; to be read, printed, and checked by whoever doubts them. */
export function AssessmentView() {
  const words = text.value.assessment
  const zone = useSiteZone()
  const { query } = place.value
  const rulesets = useResource(api.rulesets())
  const organisations = useResource(api.organisations())
  const list = itemsOf(rulesets.data ?? [])
  // One that can be worked out as it stands comes first.
  const first = list.find((one) => neededOf(one).length === 0)
  const chosen = query.get('ruleset') ?? (first ?? list[0])?.id ?? ''
  const rules = list.find(({ id }) => id === chosen)
  const parameters = givenParameters(rules)
  const scope = query.get('scope') ?? 'all'
  const period = askedPeriod(zone)
  const isReady = rules !== undefined && parameters !== undefined
  const answer = useResource(isReady ? api.assessment(chosen, scope, period, parameters) : null)
  return (
    <>
      <h1>{words.title}</h1>
      <p class="lead">{words.intro}</p>
      <div class="filters">
        <label class="field">
          <span>{words.ruleset}</span>
          <select value={chosen} onChange={(event) => setQuery({ ruleset: event.currentTarget.value })}>
            {list.map(({ id, version, names }) => (
              <option key={id} value={id}>
                {nameOf(names, id)} {version === undefined ? '' : `(${version})`}
              </option>
            ))}
          </select>
        </label>
        <ScopeField organisations={itemsOf(organisations.data ?? [])} value={scope} />
        <PeriodField zone={zone} value={period} />
        <RuleParameters of={rules} />
      </div>
      <FaultNotice of={rulesets} />
      {rulesets.fault ? null : <FaultNotice of={answer} />}
      {rulesets.data && list.length === 0 ? <Notice title={words.choose} /> : null}
      {rules && parameters === undefined ? <Notice title={words.needs} /> : null}
      {answer.data ? (
        <Statement of={answer.data} />
      ) : answer.fault || rulesets.fault || (rules && !isReady) ? null : (
        <Waiting height={480} />
      )}
    </>
  )
}

function Statement({ of }: { of: Assessment }) {
  const words = text.value.assessment
  const score = (value: number | null) => (value === null ? none : decimal(value, 1))
  const columns: Column<AssessmentItem>[] = [
    { name: words.item, cell: ({ id, names }) => nameOf(names, id) },
    { name: words.weight, number: true, cell: ({ weight }) => percent(weight, 0) },
    {
      name: words.score,
      number: true,
      cell: (item) => `${score(item.score)}${item.max ? ` / ${count(item.max)}` : ''}`,
    },
    { name: words.reason, cell: ({ reason }) => reason ?? none },
  ]
  const file = {
    name: `assessment-${of.scope}-${of.period}`,
    head: ['id', 'weight', 'score', 'max', 'reason'],
    body: () => of.items.map(({ id, weight, score: value, max, reason }) => [id, weight, value, max, reason]),
  }
  return (
    <section>
      <div class="row spread">
        <p class="quota-number">
          <small class="soft">
            {nameOf(of.ruleset.names, of.ruleset.id)} · {of.period}
          </small>
          <br />
          {score(of.total)} <small class="soft">{of.max ? words.outOf(count(of.max)) : ''}</small>
        </p>
        <button type="button" class="button quiet no-print" onClick={() => print()}>
          {words.print}
        </button>
      </div>
      <p class="facts">
        {of.grade ? <b>{of.grade}</b> : null}
        {of.cohort === null || of.cohort === undefined ? null : <span>{words.sets(of.cohort)}</span>}
        <span>
          {text.value.instrument.coverage} {percent(of.coverage)}
        </span>
        {simulated.value ? <span class="stamp">{text.value.simulated}</span> : null}
      </p>
      <section>
        <PlainTable label={words.title} columns={columns} rows={of.items} keyOf={({ id }) => id} />
        <CsvButton rows={file} title={words.title} />
      </section>
      <p class="lead">{words.statement}</p>
      <Files of={of} />
    </section>
  )
}

/** The statement to take along, and what a regulator needs to work it out again. */
function Files({ of: { scope, period, ruleset, checkpoint } }: { of: Assessment }) {
  const words = text.value.report
  const wish = { scope, period, ruleset: ruleset.id }
  return (
    <section>
      <h2>{words.title}</h2>
      <div class="row no-print">
        {(['pdf', 'xlsx', 'bundle'] as const).map((format) => (
          <ReportFile key={format} wish={{ ...wish, format }} />
        ))}
      </div>
      <p class="lead">{words.bundleText}</p>
      <pre class="pre" tabIndex={0}>
        npm run -s hours -- verify DIR --policy regulator.policy
      </pre>
      {checkpoint ? (
        <p class="soft small">
          {text.value.evidence.checkpoint} <code>{checkpoint.origin}</code> · {count(checkpoint.size)} ·{' '}
          <code>{checkpoint.root}</code>
        </p>
      ) : null}
    </section>
  )
}
