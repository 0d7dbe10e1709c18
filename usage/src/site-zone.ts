import type { RecordOf } from '@hours/protocol'

/** Where nobody has said otherwise (domain.md, section 4.1). */
const defaultZone = 'Asia/Shanghai'

/**
 * The zone that a site's civil days are counted in: its own, or that of the nearest organisation above, or above the unit
 * of its first instrument. `newest` = an organisation's last record.
 */
export function siteZone(
  site: string,
  unit: string | undefined,
  newest: (id: string) => Pick<RecordOf<'organisation'>, 'zone' | 'parent'> | undefined,
): string {
  return zoneAbove(site, newest) ?? zoneAbove(unit ?? null, newest) ?? defaultZone
}

function zoneAbove(id: string | null, newest: Parameters<typeof siteZone>[2]): string | undefined {
  // A tree that bites its tail ends here too.
  for (let depth = 0; id !== null && depth < 16; depth++) {
    const one = newest(id)
    if (!one) return undefined
    if (one.zone !== undefined && isZone(one.zone)) return one.zone
    id = one.parent
  }
  return undefined
}

/** Asked of each organisation again and again, and slow to find out. */
const known = new Map<string, boolean>()
const mostKnown = 1_000

function isZone(zone: string): boolean {
  const before = known.get(zone)
  if (before !== undefined) return before
  if (known.size >= mostKnown) known.clear()
  const found = findZone(zone)
  known.set(zone, found)
  return found
}

function findZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
