import type { InstrumentEntry, Registry } from '../ports.ts'
import { filledFields } from './page-content.ts'

/** What a listing should say about an instrument: the NRII fields that are ours to fill (domain.md, 1.4). */
export const listingFields = [
  'names.zh',
  'names.en',
  'kind',
  'unit.names',
  'valueFen',
  'schedule',
  'tariff',
  'telemetry',
] as const

/** How complete one listing is, and what it lacks. */
export interface ListingCompleteness {
  readonly key: string
  readonly filled: number
  readonly required: number
  readonly missing: readonly string[]
  /** A listing without pages of a gateway is shown as such (survey, row 3). */
  readonly telemetry: boolean
}

/** `info_complete` of each listing, out of the registry; `hasPages` = a gateway accounted for it lately. */
export function listingCompleteness(
  entries: readonly InstrumentEntry[],
  registry: Pick<Registry, 'records' | 'organisation'>,
  hasPages: (entry: InstrumentEntry) => boolean,
): ListingCompleteness[] {
  const scheduled = new Set(
    registry.records('schedule').map(({ record }) => `${record.stream}/${record.instrument}`),
  )
  const priced = new Set(
    registry.records('tariff').map(({ record }) => `${record.stream}/${record.instrument}`),
  )
  return entries.map((entry) => {
    const { key, site, enrolment } = entry
    const telemetry = hasPages(entry)
    const unit = registry.organisation(enrolment.unit)?.names
    const listing = {
      names: enrolment.names,
      kind: enrolment.kind,
      unit: { names: unit?.zh ?? unit?.en },
      valueFen: enrolment.valueFen,
      schedule: scheduled.has(key) || scheduled.has(`${site}/*`) ? true : null,
      tariff: priced.has(key) ? true : null,
      telemetry: telemetry ? true : null,
    }
    const missing = listingFields.filter((field) => filledFields([listing], [field]).filled === 0)
    const required = listingFields.length
    return { key, required, filled: required - missing.length, missing, telemetry }
  })
}
