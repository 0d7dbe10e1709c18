import {
  createChainBook,
  createKeyRegistry,
  createTimeIndex,
  emptyStream,
  extendStream,
  type Finding,
  isLogged,
  judgeTime,
  type KeyRegistry,
  type LoggedPage,
  openPage,
  type OpenedPage,
  parseRecord,
  type Position,
  recordDigest,
  type SignedRecord,
  type StreamState,
  type TimeIndex,
  verifyRecord,
} from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import {
  decodeRecord,
  isRecordKind,
  type Page,
  type RecordKind,
  type RecordOf,
  recordSigner,
  type Seen,
} from '@hours/protocol'
import type { Problems } from './problem.ts'

/** A verified record of the operator or the service, in log order. */
export type Stated = {
  [K in RecordKind]: {
    readonly kind: K
    readonly record: RecordOf<K>
    readonly digest: string
    readonly at: Position
  }
}[RecordKind]

/** What signed entries, read in log order, add up to; every broken rule became a problem. */
export interface Facts {
  /** Takes the next entry; `rootAt` answers for the log the page says it has seen. */
  take(bytes: Uint8Array, at: Position, rootAt?: (origin: string, size: number) => string | undefined): void
  /** Pages with standing and class; complete once the last entry is taken. */
  pages(): readonly LoggedPage[]
  records(): readonly Stated[]
  keys(): KeyRegistry
  times(): TimeIndex
  /** Entries by kind. */
  counts(): ReadonlyMap<string, number>
}

type Kept = {
  readonly opened: OpenedPage
  readonly at: Position
  void: boolean
  readonly before: Seen | null
}

/** `found` hears of what is noteworthy but not wrong: gaps, stepped clocks. */
export function createFacts(problems: Problems, found: (finding: Finding, where: string) => void): Facts {
  const keys = createKeyRegistry()
  const times = createTimeIndex()
  const book = createChainBook()
  const streams = new Map<string, StreamState>()
  const records: Stated[] = []
  const pages: Kept[] = []
  const counts = new Map<string, number>()
  const epochs = new Set<string>()
  const enrolments = new Map<string, RecordOf<'enrolment'>[]>()
  const lastSeen = new Map<string, Seen | null>()

  const isEnrolled = (page: Page, instrument: string) =>
    (enrolments.get(`${page.site}/${instrument}`) ?? []).some(
      (one) => one.gateway === page.gateway && one.from < page.to && (one.to ?? Infinity) > page.from,
    )

  function takePage(bytes: Uint8Array, at: Position, rootAt: Parameters<Facts['take']>[2]): void {
    const where = `${at.year}/${at.index}`
    const opened = openPage(bytes, { crypto: nodeCrypto, keys, at })
    if (!opened.ok) {
      problems.add('refused_page', where, `${opened.error.code}: ${opened.error.message}`)
      return
    }
    const verdict = book.check(opened.value, {
      isOpen: (gateway, epoch) => epochs.has(`${gateway}/${epoch}`),
      isEnrolled,
      ...(rootAt ? { rootAt } : {}),
    })
    if (verdict.verdict === 'refuse')
      problems.add('refused_page', where, `${verdict.code}: ${verdict.reason}`)
    if (verdict.verdict === 'equivocation') problems.add('equivocation', where, verdict.reason)
    for (const finding of verdict.findings) {
      if (finding.code === 'split_view' || finding.code === 'seen_ahead')
        problems.add('split_view', where, finding.message)
      else found(finding, where)
    }
    if (!isLogged(verdict)) return
    const { gateway, epoch, seen } = opened.value.page
    const chain = `${gateway}/${epoch}`
    const before = lastSeen.get(chain) ?? null
    lastSeen.set(chain, seen)
    pages.push({ opened: opened.value, at, void: verdict.verdict !== 'accept', before })
  }

  function takeRecord(record: SignedRecord, kind: RecordKind, at: Position): void {
    const where = `${at.year}/${at.index}`
    const decoded = decodeRecord(kind, record.payload)
    if (!decoded.ok) {
      problems.add('bad_record', where, `${kind}: ${decoded.error.message}`)
      return
    }
    if (kind === 'opening' && !takeOpening(decoded.value as RecordOf<'opening'>, at)) return
    const key = keys.find(record.kid, at)
    if (!key.ok || !verifyRecord(record, key.value, nodeCrypto)) {
      problems.add(
        'bad_record',
        where,
        `${kind}: ${key.ok ? `the signature by ${record.kid} does not hold` : key.error.message}`,
      )
      return
    }
    if (!recordSigner[kind].some((holder) => holder === record.holder)) {
      problems.add(
        'wrong_signer',
        where,
        `a ${kind} signed by ${record.holder}; only ${recordSigner[kind].join(' or ')} may`,
      )
      return
    }
    const digest = recordDigest(record.bytes, nodeCrypto.sha256)
    const value = decoded.value as { stream?: string; seq?: number; prev?: string | null }
    if (value.stream !== undefined && value.seq !== undefined) {
      const next = extendStream(streams.get(value.stream) ?? emptyStream, {
        seq: value.seq,
        prev: value.prev ?? null,
        digest,
      })
      if (next.ok) streams.set(value.stream, next.value)
      else problems.add(next.error.code, `${where} (${value.stream})`, next.error.message)
    }
    learn({ kind, record: decoded.value, digest, at } as Stated)
  }

  /** The first leaf brings the keys it is signed with; the log's own key vouches for it. No other leaf may. */
  function takeOpening(opening: RecordOf<'opening'>, at: Position): boolean {
    const applied = at.index === 0 ? keys.open(opening, at) : undefined
    if (applied?.ok === true) return true
    const why = applied ? applied.error.message : 'an opening may only be the first leaf'
    problems.add('opening', `${at.year}/${at.index}`, why)
    return false
  }

  function learn(stated: Stated): void {
    records.push(stated)
    const { at } = stated
    if (stated.kind === 'time') times.add(at, stated.record.at)
    else if (stated.kind === 'epoch') epochs.add(`${stated.record.gateway}/${stated.record.epoch}`)
    else if (stated.kind === 'enrolment') {
      const name = `${stated.record.stream}/${stated.record.instrument}`
      enrolments.set(name, [...(enrolments.get(name) ?? []), stated.record])
    } else if (stated.kind === 'key') {
      const applied = keys.apply(stated.record, at)
      if (!applied.ok) problems.add('bad_record', `${at.year}/${at.index}`, applied.error.message)
    }
  }

  return {
    take(bytes, at, rootAt) {
      const record = parseRecord(bytes)
      const kind = record.ok ? record.value.kind : 'unreadable'
      counts.set(kind, (counts.get(kind) ?? 0) + 1)
      if (kind === 'page') takePage(bytes, at, rootAt)
      else if (record.ok && isRecordKind(kind)) takeRecord(record.value, kind, at)
      else
        problems.add(
          'bad_record',
          `${at.year}/${at.index}`,
          record.ok ? `a "${kind}" is no record of this log` : record.error.message,
        )
    },
    pages: () => pages.map((page) => judged(page, times, problems)),
    records: () => records,
    keys: () => keys,
    times: () => times,
    counts: () => counts,
  }
}

/** Class and believability of a page by what the log says about time (R5-R7). */
function judged(
  { opened, at, void: isVoid, before }: Kept,
  times: TimeIndex,
  problems: Problems,
): LoggedPage {
  const { page, digest } = opened
  const arrival = times.arrivalOf(at)
  const standing = isVoid ? 'void' : 'accepted'
  // Without a `time` record behind it nobody can say when it came; that is a tail of at most a minute.
  if (arrival === undefined) return { page, digest, standing, class: 'late' }
  const year = before === null ? undefined : Number(/\/(\d{4})$/.exec(before.origin)?.[1])
  const earliest = before === null || year === undefined ? undefined : times.timeWithin(year, before.size)
  const verdict = judgeTime(page, { arrival, ...(earliest === undefined ? {} : { earliest }) })
  if (verdict.unknown === 'time')
    problems.add('time', `${at.year}/${at.index}`, verdict.findings.map(({ message }) => message).join('; '))
  return {
    page,
    digest,
    standing,
    class: verdict.class,
    ...(verdict.unknown ? { unknown: verdict.unknown } : {}),
  }
}
