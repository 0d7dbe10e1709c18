import { HOUR, type Millis, type Page, type RecordOf, type Seen } from '@hours/protocol'
import type { Finding } from './page-verdict.ts'
import type { Position } from './position.ts'
import { isSeenBefore } from './seen-trail.ts'
import type { TimeIndex } from './time-index.ts'

/** A gateway that has seen the log with its new settings takes them at its next page; an hour is more than it needs. */
const graceMs = HOUR

interface Signed {
  readonly revision: number
  readonly digest: string
  readonly from: Millis
  readonly at: Position
}

/** Which settings of gateways, thresholds above all, the operator has signed, out of records in log order (R9). */
export interface ConfigBook {
  add(record: Pick<RecordOf<'config'>, 'gateway' | 'revision' | 'from'>, digest: string, at: Position): void
  /** A record of which only the digest is shown may be one. */
  addHidden(digest: string): void
  /** What is to be told of the settings a page was made under; `previousSeen` of the page before it. */
  findings(page: Pick<Page, 'gateway' | 'config' | 'from'>, previousSeen: Seen | null): readonly Finding[]
}

const none: readonly Finding[] = []

export function createConfigBook(times: Pick<TimeIndex, 'arrivalOf'>): ConfigBook {
  const signed = new Map<string, Signed[]>()
  const hidden = new Set<string>()

  /** Whether these were in force for an hour when a page began, and its gateway had seen the log with them. */
  function isDue({ from, at }: Signed, began: Millis, previousSeen: Seen | null): boolean {
    const logged = times.arrivalOf(at)
    if (logged === undefined || previousSeen === null) return false
    return Math.max(logged, from) + graceMs <= began && !isSeenBefore(previousSeen, at)
  }

  return {
    add({ gateway, revision, from = 0 }, digest, at) {
      signed.set(gateway, [...(signed.get(gateway) ?? []), { revision, digest, from, at }])
    },
    addHidden: (digest) => void hidden.add(digest),
    findings({ gateway, config, from }, previousSeen) {
      const own = signed.get(gateway) ?? []
      const place = own.findLastIndex(({ digest }) => digest === config.sha256)
      if (place < 0 && hidden.has(config.sha256)) return none
      if (place < 0 || own[place]?.revision !== config.revision)
        return [
          {
            code: 'config',
            message: `made under settings (revision ${config.revision}) that the operator has not signed`,
          },
        ]
      const newer = own.findLast((one, i) => i > place && isDue(one, from, previousSeen))
      return newer === undefined
        ? none
        : [
            {
              code: 'config_stale',
              message: `made under revision ${config.revision}; revision ${newer.revision} was in force`,
            },
          ]
    },
  }
}
