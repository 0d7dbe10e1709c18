import { type CivilSpan, defaultRuleSet, parsePeriod } from '@hours/usage'
import type { PeriodIn } from '../figures/figure-reader.ts'
import { findRuleSet, type KnownRuleSet, ruleSets } from '../figures/rule-set-book.ts'
import type { InstrumentEntry } from '../ports.ts'
import type { ApiContext } from './context.ts'
import { badField, Problem } from './problem.ts'

/** A period as somebody typed it, in each zone; `end` is where it ends in the zone of the first instrument. */
export interface AskedPeriod {
  readonly zone: string
  readonly in: PeriodIn
  readonly end: number
  /** Civil date on which it begins. */
  readonly begins: string
}

/** Refuses what is no period of records.md section 10, naming the field. */
export function askedPeriod(entries: readonly InstrumentEntry[], period: string): AskedPeriod {
  const zone = entries[0]?.zone ?? 'UTC'
  const read = new Map<string, CivilSpan>()
  const inZone = (name: string) => {
    const known = read.get(name)
    if (known) return known
    const parsed = parsePeriod(period, name)
    if (!parsed.ok) throw badField('period', period, parsed.error.message)
    read.set(name, parsed.value)
    return parsed.value
  }
  const { from, to } = inZone(zone)
  const begins = Temporal.Instant.fromEpochMilliseconds(from)
    .toZonedDateTimeISO(zone)
    .toPlainDate()
    .toString()
  return { zone, in: inZone, end: to, begins }
}

/** The rule set that the caller names (`id` or `id@version`; undefined = the default one), or a 404 that lists what there is. */
export function askedRuleSet(
  { ingest }: Pick<ApiContext, 'ingest'>,
  name: string | undefined,
  { begins }: AskedPeriod,
): KnownRuleSet {
  const found = findRuleSet(ingest.registry, name, begins)
  if (found) return found
  const ids = [...new Set(ruleSets(ingest.registry).map(({ document }) => document.id))]
  throw new Problem(404, 'rule set not found', {
    field: 'ruleset',
    value: (name ?? defaultRuleSet).slice(0, 100),
    fix: `one of ${ids.join(', ')}, or id@version; GET /api/v1/rulesets lists the versions`,
  })
}

/** The revision that `close` records have given these figures; null = never closed. */
export function revisionOf(
  { ingest }: Pick<ApiContext, 'ingest'>,
  scope: string,
  period: string,
): number | null {
  const closed = ingest.registry
    .records('close')
    .filter(({ record }) => record.scope === scope && record.period === period)
  return closed.at(-1)?.record.revision ?? null
}

/** What of the log the figures are from: a figure's identity (records.md, section 8). */
export function logPosition({ ingest }: Pick<ApiContext, 'ingest'>): { origin: string; size: number } | null {
  const position = ingest.index.position()
  return position && { origin: ingest.log.origin(position.year), size: position.index + 1 }
}
