import type { RecordKind, RecordOf, SiteId } from '@hours/protocol'
import type { RowFault, RowWarning } from './row-fault.ts'

/** Kinds that people and other systems hand in, and how each is dated. */
export const draftTimes = {
  session: 'range',
  booking: 'range',
  maintenance: 'range',
  claim: 'range',
  compute: 'range',
  charge: 'at',
  voucher: 'at',
  subsidy: 'at',
  training: 'at',
  achievement: 'at',
  rating: 'at',
} as const satisfies Partial<Record<RecordKind, 'range' | 'at'>>

export type DraftKind = keyof typeof draftTimes
export const draftKinds = Object.keys(draftTimes) as DraftKind[]

/** The body of a record that is not numbered yet, whatever its kind; held against its schema already. */
export interface DraftBody {
  readonly id: string
  readonly instrument: string
  readonly from?: number
  readonly to?: number
  readonly at?: number
  readonly user?: string
  readonly beneficiary?: string
  readonly externalIds?: RecordOf<'session'>['externalIds']
  readonly actor: string
  readonly [field: string]: unknown
}

/** A record to be, as `recordAll` takes it once it is decided upon. */
export interface DraftItem {
  readonly kind: DraftKind
  readonly stream: SiteId
  readonly body: DraftBody
}

export type Drafted =
  | { readonly ok: true; readonly item: DraftItem; readonly warnings: readonly RowWarning[] }
  | { readonly ok: false; readonly faults: readonly RowFault[] }
