import type { RecordOf } from '@hours/protocol'
import { isApproved } from '@hours/usage'
import type { Registry } from '../ports.ts'
import { type DraftKind, draftKinds } from './drafted.ts'

/** A correction with what it is about and who has agreed to it; `stands` when another person has. */
export interface OpenCorrection {
  readonly hash: string
  readonly correction: RecordOf<'correction'>
  readonly kind: DraftKind
  readonly target: RecordOf<DraftKind>
  readonly approvals: readonly RecordOf<'approval'>[]
  readonly stands: boolean
}

/** Corrections of what people hand in, the newest first; those of other kinds are the operator's. */
export function correctionsOf(registry: Registry): OpenCorrection[] {
  const approvals = Map.groupBy(registry.records('approval'), ({ record }) => record.of)
  return registry
    .records('correction')
    .flatMap(({ record: correction, hash }): OpenCorrection[] => {
      const target = registry.find(correction.of)
      const kind = draftKinds.find((one) => one === target?.kind)
      if (!target || kind === undefined) return []
      const own = (approvals.get(hash) ?? []).map(({ record }) => record)
      const stands = isApproved(correction, own)
      const of = target.record as RecordOf<DraftKind>
      return [{ hash, correction, kind, target: of, approvals: own, stands }]
    })
    .toReversed()
}
