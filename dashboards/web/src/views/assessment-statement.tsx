import type { Assessment, AssessmentItem } from '../assessment-shapes.ts'
import { CsvButton } from '../charts/chart-frame.tsx'
import { type Column, PlainTable } from '../data-table.tsx'
import { BigFigure } from '../figure.tsx'
import { count, decimal, nameOf, none, percent } from '../format.ts'
import { Notice } from '../notice.tsx'
import { instrumentAddress } from '../routes.ts'
import { simulated } from '../simulated.ts'
import { text } from '../text/text.ts'
import { AssessedInstruments, ruleFigure, Said } from './assessed-instruments.tsx'
import { ReportFile } from './report-file.tsx'
import type { Parameters } from './rule-parameters.tsx'

/** What a rule set says of a cohort: score, figures, lines, ranks and reasons, and the files to take along. */
export function Statement({ of, parameters }: { of: Assessment; parameters: Parameters }) {
  const words = text.value.assessment
  const noCohort = of.cohort === 0
  return (
    <section class="statement">
      <div class="row spread">
        <p class="quota-number">
          <small class="soft">
            {nameOf(of.ruleset.names, of.ruleset.id)} · {of.period}
          </small>
          <br />
          {of.total === null ? null : decimal(of.total)}{' '}
          <small class="soft">
            {of.total === null ? (noCohort ? '' : words.noScore) : of.max ? words.outOf(decimal(of.max)) : ''}
          </small>
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
      <LeftOut of={of} />
      {noCohort ? null : (
        <>
          <CohortFigures of={of} />
          <Said of={of.fleet} />
          <Items of={of} />
          <AssessedInstruments of={of} />
        </>
      )}
      <p class="lead">{words.statement}</p>
      <Files of={of} parameters={parameters} />
    </section>
  )
}

/** What the rule set works out for the cohort as a whole. */
function CohortFigures({ of: { titles, fleet } }: { of: Assessment }) {
  if (titles.fleet.length === 0) return null
  return (
    <dl class="figures">
      {titles.fleet.map(({ id, names, unit }) => {
        const { value, unit: shown } = ruleFigure(fleet.figures[id], unit)
        return <BigFigure key={id} label={nameOf(names, id)} value={value} unit={shown} />
      })}
    </dl>
  )
}

/** Lines of the score sheet, where the rule set has one. */
function Items({ of }: { of: Assessment }) {
  const words = text.value.assessment
  if (of.items.length === 0) return null
  const only = of.instruments.length === 1 && of.cohort === 1 ? of.instruments[0] : undefined
  const { reasons } = only ?? of.fleet
  const score = (value: number | null) => (value === null ? none : decimal(value))
  const columns: Column<AssessmentItem>[] = [
    { name: words.item, cell: ({ id, names }) => nameOf(names, id) },
    { name: words.weight, number: true, cell: ({ weight }) => percent(weight, 0) },
    {
      name: words.score,
      number: true,
      cell: (item) => `${score(item.score)}${item.max ? ` / ${count(item.max)}` : ''}`,
    },
    {
      name: words.reason,
      cell: ({ id, reason }) =>
        nameOf(
          reasons.find((one) => one.id === id),
          reason ?? none,
        ),
    },
  ]
  const file = {
    name: `assessment-${of.scope}-${of.period}`,
    head: ['id', 'weight', 'score', 'max', 'reason'],
    body: () => of.items.map(({ id, weight, score: value, max, reason }) => [id, weight, value, max, reason]),
  }
  return (
    <section>
      <PlainTable label={words.title} columns={columns} rows={of.items} keyOf={({ id }) => id} />
      <CsvButton rows={file} title={words.title} />
    </section>
  )
}

/** Which sets the rule set is not about: said, not passed over. */
function LeftOut({ of: { leftOut, cohort } }: { of: Assessment }) {
  const words = text.value.assessment
  if (leftOut.length === 0) return null
  const list = (
    <ul class="plain-list">
      {leftOut.map((key) => (
        <li key={key}>
          <a href={instrumentAddress(key)}>{key}</a>
        </li>
      ))}
    </ul>
  )
  if (cohort !== 0)
    return (
      <details>
        <summary>{words.leftOut(leftOut.length)}</summary>
        {list}
      </details>
    )
  return (
    <Notice title={words.noCohort}>
      <p>{words.noCohortDo}</p>
      <details>
        <summary>{words.leftOut(leftOut.length)}</summary>
        {list}
      </details>
    </Notice>
  )
}

/** The statement to take along, and what a regulator needs to work it out again. */
function Files({
  of: { scope, period, ruleset, checkpoint },
  parameters,
}: {
  of: Assessment
  parameters: Parameters
}) {
  const words = text.value.report
  const wish = { scope, period, ruleset: ruleset.id }
  return (
    <section>
      <h2>{words.title}</h2>
      <div class="row no-print">
        {(['pdf', 'xlsx', 'bundle'] as const).map((format) => (
          <ReportFile
            key={format}
            wish={format === 'bundle' ? { ...wish, format } : { ...wish, format, parameters }}
          />
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
