import type { Millis, RecordKind, RecordOf, SiteId } from '@hours/protocol'
import type { BookRecord } from './record-book.ts'

interface Unit {
  readonly site: SiteId
  readonly enrolments: readonly RecordOf<'enrolment'>[]
}

/** Where nobody has said otherwise (domain.md, section 4.1). */
const defaultZone = 'Asia/Shanghai'

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

  function zoneFrom(id: string | null): string | undefined {
    // A tree that bites its tail ends here too.
    for (let depth = 0; id !== null && depth < 16; depth++) {
      const one = newest(id)
      if (!one) return undefined
      if (one.zone !== undefined && isZone(one.zone)) return one.zone
      id = one.parent
    }
    return undefined
  }

  function zone(site: SiteId): string {
    const units = instruments()
    histories()
    if (zonesOf !== units) zoneCache = new Map()
    zonesOf = units
    const known = zoneCache.get(site)
    if (known !== undefined) return known
    const first = [...units.values()].find((one) => one.site === site)
    const unit = first?.enrolments[0]?.unit
    const found = zoneFrom(site) ?? zoneFrom(unit ?? null) ?? defaultZone
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

function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
