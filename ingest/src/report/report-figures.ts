import { clip, type FigureLine, figureRules, parsePeriod, scopeLines, type ScopeMember } from '@hours/usage'
import { addingOf, entriesOf, type ScopedEntry } from '../api/scope.ts'
import { findRuleSet, type KnownRuleSet } from '../figures/rule-set-book.ts'
import type { InstrumentPart } from '../figures/figure-reader.ts'
import { resultOf } from '../figures/part-result.ts'
import { IngestError } from '../ingest-error.ts'
import { channelOf } from '../registry/channel-of.ts'
import type { RunningIngest } from '../running-ingest.ts'

/** What somebody wants stated: names of records.md, section 10. */
export interface ReportWish {
  readonly scope: string
  readonly period: string
  /** `id` or `id@version`: its year, quotas and weight of outside hours. Absent = `default`. */
  readonly ruleset?: string | undefined
}

/** A scope and a period as the registry knows them. */
export interface AskedReport extends ReportWish {
  /** Those that were in the scope at some time of the period. */
  readonly entries: readonly ScopedEntry[]
  readonly zone: string
  /** The period in the zone of each site. */
  readonly in: (zone: string) => { readonly from: number; readonly to: number }
  readonly rules: KnownRuleSet
}

/** The last pages of a period come up to this long after it. */
const settleMs = 3_600_000

/** Looks up what is asked for; refuses a scope, period or rule set that is none, and a period that is not over. */
export function askReport(ingest: RunningIngest, wish: ReportWish): AskedReport {
  const { scope, period, ruleset } = wish
  const found = instrumentsIn(ingest, scope)
  const inZone = (zone: string) => {
    const read = parsePeriod(period, zone)
    if (!read.ok) throw new IngestError('bad_option', read.error.message)
    return read.value
  }
  const zone = found[0]?.zone ?? 'UTC'
  const { from } = inZone(zone)
  const entries = found.filter((one) => clip(one.during, inZone(one.zone)).length > 0)
  if (entries.length === 0)
    throw new IngestError(
      'bad_option',
      `scope: "${scope.slice(0, 80)}" has no instruments in ${period}. ${fix}`,
    )
  const end = Math.max(...entries.map((entry) => inZone(entry.zone).to))
  if (end + settleMs > ingest.clock.wall())
    throw new IngestError(
      'bad_option',
      `period: "${period}" is not over, or has been for less than an hour: pages of it are still to come. Fix: one that ended earlier, such as ${period.slice(0, 4)}-01-01..<yesterday>.`,
    )
  const begins = Temporal.Instant.fromEpochMilliseconds(from)
    .toZonedDateTimeISO(zone)
    .toPlainDate()
    .toString()
  const rules = findRuleSet(ingest.registry, ruleset, begins)
  if (!rules) throw new IngestError('bad_option', `ruleset: "${ruleset?.slice(0, 80) ?? ''}" is not known`)
  return { ...wish, entries, zone, in: inZone, rules }
}

const fix = 'Fix: all, org:ID, channel:ID or site/instrument.'

function instrumentsIn(ingest: RunningIngest, scope: string): readonly ScopedEntry[] {
  try {
    const entries = entriesOf({ ingest }, { entries: ingest.registry.instruments() }, scope)
    if (entries.length > 0) return entries
  } catch (cause) {
    throw new IngestError('bad_option', `scope: "${scope.slice(0, 80)}" is not known. ${fix}`, { cause })
  }
  throw new IngestError('bad_option', `scope: "${scope.slice(0, 80)}" has no instruments. ${fix}`)
}

/** Every figure of the scope and of each of its instruments, out of the index. */
export async function reportFigures(ingest: RunningIngest, asked: AskedReport): Promise<FigureLine[]> {
  const rules = figureRules(asked.rules.document)
  const { outsideWeight: weight } = rules
  const memberOf = (part: InstrumentPart): ScopeMember => ({ part, result: resultOf(part, weight) })
  const members = (await ingest.figures.parts(asked.entries, asked.in, rules)).map(memberOf)
  const adding = addingOf({ ingest }, asked.entries)
  const isAll = adding.every(({ during }, i) => during === asked.entries[i]?.during)
  const sums =
    isAll && adding.length === asked.entries.length
      ? members
      : (await ingest.figures.parts(adding, asked.in, rules)).map(memberOf)
  return scopeLines(
    asked.scope,
    { members, adding: sums },
    {
      ...{ tree: ingest.figures.records.tree(), weight },
      channel: channelOf(ingest.registry, asked.scope, { zone: asked.zone, ...asked.in(asked.zone) }),
    },
  )
}
