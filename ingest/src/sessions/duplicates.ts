import type { RecordOf, SiteId } from '@hours/protocol'
import type { Ingest, Registry } from '../ports.ts'

type Pair = RecordOf<'same-as'>['sessions']

/** Pairs of sessions that somebody has confirmed to be one (records.md, section 8). */
export interface Duplicates {
  has(site: string, pair: readonly string[]): boolean
  /** Who calls has made sure that the caller may see both sessions. Idempotent. */
  confirm(site: SiteId, pair: Pair): Promise<'new' | 'known'>
}

export function createDuplicates(registry: Registry, recordAll: Ingest['recordAll']): Duplicates {
  const nameOf = (site: string, pair: readonly string[]) => `${site} ${pair.toSorted().join(' ')}`
  const has = (site: string, pair: readonly string[]) => {
    const name = nameOf(site, pair)
    return registry.records('same-as').some(({ record }) => nameOf(record.stream, record.sessions) === name)
  }
  return {
    has,
    async confirm(site, pair) {
      if (has(site, pair)) return 'known'
      await recordAll([{ kind: 'same-as', stream: site, body: { sessions: pair } }])
      return 'new'
    },
  }
}
