import type { Millis, RecordKind, RecordOf, SiteId } from '@hours/protocol'
import { siteZone } from '@hours/usage'
import type { BookRecord } from './record-book.ts'

interface Unit {
  readonly site: SiteId
  readonly enrolments: readonly RecordOf<'enrolment'>[]
}

/** The dated tree of organisations, and the zone that a site's civil days are counted in. */
export function createZones(
  standing: <K extends RecordKind>(kind: K) => readonly BookRecord<K>[],
  instruments: () => ReadonlyMap<string, Unit>,
) {
  /** Organisations in log order by id; rebuilt when the list of records is another. */
  let byId = new Map<string, RecordOf<'organisation'>[]>()
  let built: readonly BookRecord<'organisation'>[] | undefined
  let zoneCache = new Map<SiteId, string>()
  let zonesOf: ReadonlyMap<string, Unit> | undefined

  function histories(): Map<string, RecordOf<'organisation'>[]> {
    const all = standing('organisation')
    if (all === built) return byId
    built = all
    zoneCache = new Map()
    byId = new Map()
    for (const { record } of all) byId.set(record.id, [...(byId.get(record.id) ?? []), record])
    return byId
  }

  /** The newest record that is in force at `at`. */
  function organisation(id: string, at: Millis): RecordOf<'organisation'> | undefined {
    let found: RecordOf<'organisation'> | undefined
    for (const one of histories().get(id) ?? [])
      if (one.from <= at && one.from >= (found?.from ?? 0)) found = one
    return found
  }

  const newest = (id: string) => organisation(id, Number.MAX_SAFE_INTEGER)

  function zone(site: SiteId): string {
    const units = instruments()
    histories()
    if (zonesOf !== units) zoneCache = new Map()
    zonesOf = units
    const known = zoneCache.get(site)
    if (known !== undefined) return known
    const first = [...units.values()].find((one) => one.site === site)
    const unit = first?.enrolments[0]?.unit
    const found = siteZone(site, unit, newest)
    zoneCache.set(site, found)
    return found
  }

  return {
    zone,
    organisation,
    organisations: (at: Millis) =>
      [...histories().keys()].flatMap((id) => organisation(id, at) ?? newest(id) ?? []),
  }
}
