import { createManualClock, type RecordKind } from '@hours/protocol'
import { type LoggedRecord, standing } from '@hours/usage'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
// Past the doors on purpose: these two are how ingest and verifier read a log, and neither is for anybody else.
import { countedPartsOf, countedSessions } from '../../ingest/src/registry/counted.ts'
import { createRegistry } from '../../ingest/src/registry/registry.ts'
import { standingOf } from '../../verifier/src/standing-records.ts'

const sites = ['lab', 'annex']
const people = ['ann', 'ben', 'cai']
const t0 = Date.UTC(2026, 0, 1)
/** A replacement ends so many ms after `t0`; what was logged first ends sooner. */
const replacedFrom = 1_000
const hashOf = (n: number) => String(n).padStart(43, 'A')
const sessionOf = (id: string, to: number) => ({
  id,
  externalIds: [],
  instrument: 'sem',
  from: t0,
  to: t0 + to,
  beneficiary: 'college',
  user: 'u1',
  purpose: 'research',
  way: 'self',
  actor: 'ann',
})
const chargeOf = (n: number, session: string | undefined) => ({
  id: `C${n}`,
  instrument: 'sem',
  ...(session === undefined ? {} : { session }),
  at: t0,
  fen: 100 + n,
  actor: 'ann',
})
const maintenanceOf = (id: string, to: number) => ({
  id,
  instrument: 'sem',
  from: t0,
  to: t0 + to,
  actor: 'ann',
})

/** One step of a history; `of` counts back to what came before, whatever it is. */
type Step =
  | { readonly is: 'session' | 'maintenance'; readonly site: string; readonly id: string }
  | { readonly is: 'charge'; readonly site: string; readonly session: string | undefined }
  | { readonly is: 'same-as'; readonly site: string; readonly pair: readonly [string, string] }
  | {
      readonly is: 'correction'
      readonly of: number
      readonly actor: string
      readonly by: string | null
      readonly to: Outcome
    }
  | { readonly is: 'approval'; readonly of: number; readonly by: string }
  | { readonly is: 'repeat'; readonly of: number }
type Outcome = 'void' | 'nothing' | 'no record' | 'another'

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    is: fc.constantFrom('session', 'maintenance'),
    site: fc.constantFrom(...sites),
    id: fc.constantFrom('S1', 'S2', 'S3'),
  }),
  fc.record({
    is: fc.constant('charge'),
    site: fc.constantFrom(...sites),
    session: fc.constantFrom('S1', 'S2', 'S3', undefined),
  }),
  fc.record({
    is: fc.constant('same-as'),
    site: fc.constantFrom(...sites),
    pair: fc.constantFrom<[string, string]>(['S1', 'S2'], ['S3', 'S2'], ['S3', 'S1']),
  }),
  fc.record({
    is: fc.constant('correction'),
    of: fc.nat(5),
    actor: fc.constantFrom(...people),
    /** Approves it at once. */
    by: fc.constantFrom(null, ...people),
    to: fc.constantFrom<Outcome>('void', 'nothing', 'no record', 'another'),
  }),
  fc.record({ is: fc.constant('approval'), of: fc.nat(5), by: fc.constantFrom(...people) }),
  fc.record({ is: fc.constant('repeat'), of: fc.nat(5) }),
)

function historyOf(steps: readonly Step[]): LoggedRecord[] {
  const history: LoggedRecord[] = []
  const add = (one: Exclude<Step, { is: 'repeat' }>, before?: LoggedRecord) => {
    const n = history.length
    const stream = 'site' in one ? one.site : (before!.record as { stream: string }).stream
    const record = { v: 1, stream, seq: n, prev: null, ...bodyOf(one, before, n) }
    history.push({ kind: one.is, hash: hashOf(n), record } as unknown as LoggedRecord)
  }
  for (const one of steps) {
    const before = 'of' in one ? history.at(-1 - one.of) : undefined
    if ('of' in one && !before) continue
    if (one.is === 'repeat') history.push(before!)
    else add(one, before)
    if (one.is === 'correction' && one.by !== null) add({ is: 'approval', of: 0, by: one.by }, history.at(-1))
  }
  return history
}

function bodyOf(one: Exclude<Step, { is: 'repeat' }>, before: LoggedRecord | undefined, n: number): object {
  if (one.is === 'same-as') return { sessions: one.pair }
  if (one.is === 'approval') return { of: before!.hash, by: one.by, role: 'second' }
  if (one.is === 'correction')
    return { of: before!.hash, reason: 'wrong', actor: one.actor, ...outcome(one.to, before!.kind, n) }
  if (one.is === 'charge') return chargeOf(n, one.session)
  return one.is === 'session' ? sessionOf(one.id, n) : maintenanceOf(one.id, n)
}

function outcome(to: Outcome, kind: RecordKind, n: number): object {
  const made = kind === 'maintenance' ? maintenanceOf : sessionOf
  const another = `S${(n % 3) + 1}`
  if (to === 'void') return { void: true }
  if (to === 'nothing') return {}
  if (to === 'no record') return { replacement: { id: 'S1' } }
  return { replacement: kind === 'charge' ? chargeOf(n, another) : made(another, replacedFrom + n) }
}

/** What ingest has after every record, asked each time so that nothing it remembers is stale. */
function inIngest(history: readonly LoggedRecord[], kind: RecordKind): unknown[][] {
  const registry = createRegistry(createManualClock(0))
  return history.map(({ hash, ...one }, index) => {
    registry.apply({ ...one, hash, position: { year: 2026, index } })
    if (kind === 'charge') return countedPartsOf(registry, kind).map(({ record }) => record)
    const list = kind === 'session' ? countedSessions(registry) : registry.records(kind)
    return list.map(({ record }) => record)
  })
}

const asStated = ({ kind, hash, record }: LoggedRecord, index: number) =>
  ({ record: { kind, digest: hash, body: record }, at: { year: 2026, index } }) as never

const history = fc.array(step, { minLength: 8, maxLength: 24 }).map(historyOf)

describe('which records stand', () => {
  it.each(['session', 'charge', 'maintenance', 'same-as', 'correction', 'approval'] as const)(
    'is the same for ingest at every moment as for the verifier afterwards: %s',
    (kind) => {
      fc.assert(
        fc.property(history, (logged) => {
          const read = inIngest(logged, kind)
          for (const [n, known] of read.entries()) {
            const upToHere = logged.slice(0, n + 1)
            expect(known).toEqual(standingOf(upToHere.map(asStated)).all(kind))
            expect(known).toEqual(standing(upToHere)(kind))
          }
        }),
        { numRuns: 150 },
      )
    },
  )

  it('comes out in several ways within these histories', () => {
    const seen = new Set<string>()
    for (const logged of fc.sample(history, { numRuns: 300, seed: 7 })) {
      const sessions = logged.filter(({ kind }) => kind === 'session')
      const stands = standing(logged)('session')
      if (stands.length < new Set(sessions.map(({ hash }) => hash)).size) seen.add('gone')
      if (stands.some(({ to }) => to >= t0 + replacedFrom)) seen.add('replaced')
      if (standing(logged.filter(({ kind }) => kind !== 'same-as'))('session').length > stands.length)
        seen.add('duplicate')
      const charges = standing(logged.filter(({ kind }) => kind === 'charge'))('charge')
      if (standing(logged)('charge').length < charges.length) seen.add('charge gone')
      if (standing(logged)('charge').some((one) => charges.every(({ session }) => session !== one.session)))
        seen.add('charge of a duplicate')
    }
    const all = ['charge gone', 'charge of a duplicate', 'duplicate', 'gone', 'replaced']
    expect([...seen].sort()).toEqual(all)
  })
})
