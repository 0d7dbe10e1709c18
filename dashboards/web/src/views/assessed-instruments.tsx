import type { AssessedInstrument, Assessment } from '../assessment-shapes.ts'
import { CsvButton } from '../charts/chart-frame.tsx'
import { type Column, PlainTable } from '../data-table.tsx'
import { count, decimal, hours, money, nameOf, none, percent } from '../format.ts'
import { Pager } from '../pager.tsx'
import { instrumentAddress } from '../routes.ts'
import { text } from '../text/text.ts'

/** Figures of the rule set's own that fit beside the hours; the file has all. */
const shownFigures = 3

type FigureValue = AssessedInstrument['figures'][string] | undefined

/** A figure of a rule set with its unit; fractions are percentages. */
export function ruleFigure(value: FigureValue, unit: string | null): { value: string; unit?: string } {
  if (value === null || value === undefined) return { value: none }
  if (typeof value !== 'number') return { value: String(value) }
  if (unit === null && !Number.isInteger(value)) return { value: percent(value) }
  const shown = Number.isInteger(value) && unit !== 'h' ? count(value) : decimal(value)
  return unit === null ? { value: shown } : { value: shown, unit }
}

/** What is said of an instrument or a cohort, and what follows from it. */
export function Said({ of: { reasons, awards } }: { of: Pick<AssessedInstrument, 'reasons' | 'awards'> }) {
  if (reasons.length === 0 && awards.length === 0) return null
  return (
    <ul class="plain-list">
      {reasons.map((one) => (
        <li key={one.id}>{nameOf(one, one.id)}</li>
      ))}
      {awards.map(({ id, title, fen }) => (
        <li key={id}>
          <b>{nameOf(title, id)}</b>
          {fen === null ? '' : ` · ${money(fen)}`}
        </li>
      ))}
    </ul>
  )
}

const span = (lower: number, upper: number) =>
  hours(lower) === hours(upper) ? hours(lower) : `${hours(lower)}\u2013${hours(upper)}`

/** Every instrument of the cohort by rank: its hours with their bounds, its figures, and why it stands where it stands. */
export function AssessedInstruments({ of }: { of: Assessment }) {
  const words = text.value.assessment
  const own = of.titles.instrument.slice(0, shownFigures)
  const hasScores = of.instruments.some(({ score }) => score !== null)
  const columns: Column<AssessedInstrument>[] = [
    {
      name: words.instrument,
      cell: ({ id, names }) => (
        <>
          <a class="two-lines" href={instrumentAddress(id)}>
            {nameOf(names, id)}
          </a>
          <small>{id}</small>
        </>
      ),
    },
    { name: words.rank, number: true, cell: ({ rank }) => (rank === null ? none : count(rank)) },
    ...(hasScores
      ? [
          {
            name: words.score,
            number: true,
            cell: ({ score }: AssessedInstrument) => (score === null ? none : decimal(score)),
          },
        ]
      : []),
    {
      name: words.effective,
      number: true,
      cell: ({ hours: { effective, effectiveUpper } }) => span(effective, effectiveUpper),
    },
    {
      name: words.external,
      number: true,
      cell: ({ hours: { external, externalUpper } }) => span(external, externalUpper),
    },
    {
      name: text.value.instrument.coverage,
      number: true,
      cell: ({ hours: { coverage, grade } }) => `${percent(coverage)} ${grade}`,
    },
    ...own.map(({ id, names, unit }) => ({
      name: unit === null ? nameOf(names, id) : `${nameOf(names, id)}, ${unit}`,
      number: true,
      cell: ({ figures }: AssessedInstrument) => ruleFigure(figures[id], unit).value,
    })),
    { name: words.reason, cell: (one) => <Said of={one} /> },
  ]
  const file = {
    name: `assessed-${of.scope}-${of.period}`,
    head: [
      ...['rank', 'instrument', 'score', 'effective_ms', 'effective_upper_ms', 'external_ms'],
      ...['external_upper_ms', 'coverage', 'grade', ...of.titles.instrument.map(({ id }) => id), 'reasons'],
    ],
    body: () =>
      of.instruments.map(({ rank, id, score, hours: h, figures, reasons }) => [
        ...[rank, id, score, h.effective, h.effectiveUpper, h.external, h.externalUpper, h.coverage, h.grade],
        ...of.titles.instrument.map((one) => {
          const value = figures[one.id] ?? null
          return typeof value === 'boolean' ? String(value) : value
        }),
        reasons.map((one) => nameOf(one, one.id)).join('; '),
      ]),
  }
  return (
    <section>
      <h2>{words.instruments}</h2>
      <PlainTable label={words.instruments} columns={columns} rows={of.instruments} keyOf={({ id }) => id} />
      <CsvButton rows={file} title={words.instruments} />
      <Pager of={of} rows={of.instruments.length} total={of.cohort ?? of.instruments.length} />
    </section>
  )
}
