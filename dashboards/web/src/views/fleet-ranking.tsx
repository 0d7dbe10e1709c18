import { useState } from 'preact/hooks'
import { ChartFrame } from '../charts/chart-frame.tsx'
import { Histogram } from '../charts/histogram.tsx'
import { RankBars } from '../charts/rank-bars.tsx'
import { hours, nameOf, percent } from '../format.ts'
import { poweredOf, sumOf } from '../states.ts'
import { text } from '../text/text.ts'
import { coverageOf, type Stretch } from '../usage-rows.ts'
import { useNames } from './use-names.ts'

export type RankRow = Stretch & { readonly key: string }

interface Props {
  readonly rows: readonly RankRow[]
  /** Of the instruments that the list of names has. */
  readonly nameOfKey: (key: string) => string | undefined
}

const measures = {
  run: ({ states }: RankRow) => states.run,
  on: ({ states }: RankRow) => poweredOf(states),
  unknown: ({ states }: RankRow) => states.unknown,
} as const
type Measure = keyof typeof measures

const shown = 20

/** Who ran most, or whose time is least known; and how the hours are spread. */
export function FleetRanking({ rows, nameOfKey: listed }: Props) {
  const words = text.value.fleet
  const [by, setBy] = useState<Measure>('run')
  const measure = measures[by]
  const ranked = [...rows].sort((a, b) => measure(b) - measure(a) || (a.key < b.key ? -1 : 1))
  const asked = useNames(
    ranked.slice(0, shown).map(({ key }) => key),
    (key) => listed(key) !== undefined,
  )
  const nameOfKey = (key: string) => listed(key) ?? nameOf(asked.get(key) ?? {}, key)
  const names: Record<Measure, string> = { run: words.run, on: words.on, unknown: words.unknown }
  const cells = (row: RankRow) => [
    row.key,
    nameOfKey(row.key),
    hours(poweredOf(row.states)),
    hours(row.states.run),
    hours(row.states.unknown),
    percent(coverageOf(row.states)),
  ]
  const raw = (row: RankRow) => [
    row.key,
    nameOfKey(row.key),
    poweredOf(row.states),
    row.states.run,
    row.states.unknown,
    coverageOf(row.states),
  ]
  const head = [
    text.value.instrument.id,
    text.value.now.instrument,
    words.on,
    words.run,
    words.unknown,
    text.value.instrument.coverage,
  ]
  const rowsOf = { name: 'ranking', head, body: () => ranked.map(cells), file: () => ranked.map(raw) }
  return (
    <section class="columns">
      <section>
        <ChartFrame title={words.ranking} rows={rowsOf}>
          <div class="no-print">
            {(Object.keys(measures) as Measure[]).map((name) => (
              <button
                key={name}
                type="button"
                class="plain"
                aria-pressed={by === name}
                onClick={() => setBy(name)}
              >
                {names[name]}
              </button>
            ))}
          </div>
          <RankBars rows={ranked.slice(0, shown)} measure={measure} nameOfKey={nameOfKey} />
          {ranked.length > shown ? <p class="soft small">{words.rows(shown, ranked.length)}</p> : null}
        </ChartFrame>
      </section>
      <section>
        <ChartFrame title={words.distribution} help={words.distributionHelp} rows={rowsOf}>
          <Histogram
            values={rows.filter(({ states }) => sumOf(states) > 0).map(({ states }) => states.run)}
          />
        </ChartFrame>
      </section>
    </section>
  )
}
