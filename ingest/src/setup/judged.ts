import type { RowFault } from '../sessions/row-fault.ts'
import type { RecordItem } from '../write-records.ts'

/**
 * What becomes of something that a site is told about itself: `new` and `changed` are written, `same` stands already.
 * `changes` names what differs from what stands.
 */
export type Judged =
  | {
      readonly ok: true
      readonly fate: 'new' | 'same' | 'changed'
      readonly items: readonly RecordItem[]
      readonly changes?: readonly string[]
    }
  | {
      readonly ok: false
      readonly faults: readonly RowFault[]
      /** It is right, but something else stands already. */
      readonly conflict?: true
    }

export const refusedFor = (...faults: readonly RowFault[]): Judged => ({ ok: false, faults })
export const conflicting = (...faults: readonly RowFault[]): Judged => ({ ok: false, faults, conflict: true })

/** Refused with all faults, or what is made when there are none. */
export const unless = (faults: readonly RowFault[], made: () => Judged): Judged =>
  faults.length > 0 ? { ok: false, faults } : made()

/** Plain data is the same whatever the order of its keys; absent and undefined are one. */
export const isSame = (a: unknown, b: unknown): boolean =>
  JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .filter(([, one]) => one !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, one]) => [key, sorted(one)])
}
