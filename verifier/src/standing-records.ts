import type { RecordKind, RecordOf } from '@hours/protocol'
import { standing } from '@hours/usage'
import type { Stated } from './facts.ts'

/** The records that stand, by kind and by instrument; each list is made once. */
export interface Standing {
  all<K extends RecordKind>(kind: K): readonly RecordOf<K>[]
  /** Of one `site/instrument`, or of `site/*`. */
  of<K extends AboutInstrument>(kind: K, key: string): readonly RecordOf<K>[]
}
/** Kinds that are about one instrument. */
export type AboutInstrument =
  | 'enrolment'
  | 'schedule'
  | 'session'
  | 'maintenance'
  | 'booking'
  | 'claim'
  | 'charge'
  | 'voucher'
  | 'subsidy'
  | 'compute'
  | 'training'
  | 'achievement'
  | 'rating'

/** What stands of verified records, in log order (records.md, section 2). */
export function standingOf(records: readonly Stated[]): Standing {
  const logged = records.map(({ record: { kind, digest: hash, body: record } }) => ({ kind, hash, record }))
  const stands = standing(logged)
  const lists = new Map<RecordKind, readonly unknown[]>()
  const groups = new Map<RecordKind, Map<string, unknown[]>>()
  const all = <K extends RecordKind>(kind: K): readonly RecordOf<K>[] => {
    const list = lists.get(kind) ?? stands(kind)
    lists.set(kind, list)
    return list as readonly RecordOf<K>[]
  }
  return {
    all,
    of: <K extends AboutInstrument>(kind: K, key: string) => {
      const list = all(kind) as readonly { readonly stream: string; readonly instrument: string }[]
      const grouped =
        groups.get(kind) ?? Map.groupBy(list, ({ stream, instrument }) => `${stream}/${instrument}`)
      groups.set(kind, grouped)
      return (grouped.get(key) ?? []) as unknown as readonly RecordOf<K>[]
    },
  }
}
