import type { Millis, Usage } from '@hours/protocol'
import {
  type CivilSpan,
  figuresFromTotals,
  measuresOf,
  type Recovery,
  rowColumns,
  type StoredRow,
} from '@hours/usage'
import type { InstrumentPart } from '../figures/figure-reader.ts'
import type { Cut } from './usage-cuts.ts'

export type UsageLine = Usage['rows'][number]

/** Sums of rows by name and label; integer ms, so that whatever is summed up in whatever order is the same. */
export interface UsageSums {
  /** An instrument's rows, each into the cut that holds it: a row never crosses one. */
  add(name: string, part: UsagePart, cuts: readonly CivilSpan[]): void
  /** By name in the order in which they came, each by time; made while they are read. */
  lines(): Generator<UsageLine>
}

/** Rows of an instrument, ascending, and growth of counters over gaps that cross midnight. */
export interface UsagePart {
  readonly rows: readonly StoredRow[]
  readonly recoveries: readonly Recovery[]
}

/** Rows as `by` wants them: a month's sum is enough for all but days. */
export const partOf = (part: InstrumentPart, by: Cut): UsagePart => ({
  rows: part.rows(by === 'day' ? 'days' : 'months'),
  recoveries: part.recoveries,
})

interface Sum {
  readonly label: string
  from: Millis
  to: Millis
  readonly values: number[]
}

const recoveredAt = rowColumns.indexOf('onRecovered')

export function createUsageSums(): UsageSums {
  const sums = new Map<string, Map<string, Sum>>()

  function sumOf(of: Map<string, Sum>, { label, from, to }: CivilSpan): number[] {
    const known = of.get(label)
    if (!known) {
      const values = rowColumns.map(() => 0)
      of.set(label, { label, from, to, values })
      return values
    }
    known.from = Math.min(known.from, from)
    known.to = Math.max(known.to, to)
    return known.values
  }

  return {
    add(name, part, cuts) {
      const of = sums.get(name) ?? new Map<string, Sum>()
      sums.set(name, of)
      for (const { cut, values } of cutRows(part, cuts)) {
        const sum = sumOf(of, cut)
        for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (values[i] ?? 0)
      }
    },
    *lines() {
      for (const [name, of] of sums)
        for (const sum of [...of.values()].sort((a, b) => a.from - b.from || a.to - b.to))
          if ((sum.values[0] ?? 0) > 0) yield lineOf(name, sum)
    },
  }
}

function* cutRows(part: UsagePart, cuts: readonly CivilSpan[]) {
  let i = 0
  for (const { from, values } of part.rows) {
    while ((cuts[i]?.to ?? Infinity) <= from) i += 1
    const cut = cuts[i]
    if (cut) yield { cut, values }
  }
  for (const { from, to, onMs } of part.recoveries) {
    const cut = cuts.find((one) => one.from <= from && to <= one.to)
    if (cut) yield { cut, values: rowColumns.map((_, column) => (column === recoveredAt ? onMs : 0)) }
  }
}

function lineOf(key: string, { label, from, to, values }: Sum): UsageLine {
  const totals = { scheduled: 0, quota: null, quotaName: null, setPeriods: 0, setYears: 0, sets: 1 }
  const f = figuresFromTotals({ ...totals, measures: measuresOf(values) })
  return {
    ...{ key, label, from, to, states: f.states, on: f.on, onUpper: f.onUpper, onRecovered: f.onRecovered },
    ...{ run: f.run, runUpper: f.runUpper, effective: f.effective, effectiveUpper: f.effectiveUpper },
    ...{ external: f.external, externalUpper: f.externalUpper },
    ...{ ownUnit: f.relation.ownUnit, sameEntity: f.relation.sameEntity, unattributed: f.unattributed },
    ...{ research: f.purpose.research, teaching: f.purpose.teaching, service: f.purpose.service },
    coverage: f.rates.coverage.value,
  }
}
