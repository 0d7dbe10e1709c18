import type { RecordKind, RecordOf } from '@hours/protocol'

/** Kinds whose records are about one instrument, and nobody's business who has no part in it. */
const aboutOne: ReadonlySet<string> = new Set<RecordKind>([
  'session',
  'booking',
  'maintenance',
  'charge',
  'voucher',
  'subsidy',
  'tariff',
  'compute',
  'claim',
  'training',
  'achievement',
  'rating',
  'incident',
])

/**
 * Which records a bundle shows; of the others it shows the digest, so that their stream stays without a hole. Hidden are
 * those about instruments outside of the scope, settings of gateways that have such, corrections of these, and digests of
 * probes of other channels than the scope is.
 */
export function createRecordChoice(keys: ReadonlySet<string>, scope: string) {
  const hidden = new Set<string>()
  return {
    shows(kind: RecordKind, record: RecordOf<RecordKind>, digest: string): boolean {
      const isShown = decide(kind, record)
      if (!isShown) hidden.add(digest)
      return isShown
    },
  }

  function isConfigShown({ stream, instruments }: RecordOf<'config'>): boolean {
    return instruments.every(({ id }) => keys.has(`${stream}/${id}`))
  }

  function decide(kind: RecordKind, record: RecordOf<RecordKind>): boolean {
    if (kind === 'probe') return scope === `channel:${(record as RecordOf<'probe'>).channel}`
    if (kind === 'config') return isConfigShown(record as RecordOf<'config'>)
    if (kind === 'correction') return !hidden.has((record as RecordOf<'correction'>).of)
    if (!aboutOne.has(kind)) return true
    const { stream, instrument } = record as { stream?: string; instrument?: string }
    return instrument !== undefined && keys.has(`${stream ?? ''}/${instrument}`)
  }
}
