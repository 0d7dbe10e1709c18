import { MINUTE, type RecordKind } from '@hours/protocol'
import { beforeEach, describe, expect, it } from 'vitest'
import { createSigner, generateKey, nodeCrypto } from '../node/index.ts'
import { accountablePages } from './accountable.ts'
import { gatewaySigner, pageMs, pageOf, start } from './chain.fixture.ts'
import { formatBase64url } from './codecs.ts'
import { createEnrolments } from './enrolments.ts'
import { createLogReplay, type LogReplay } from './log-replay.ts'
import { recordDigest, signRecord } from './signed-record.ts'

const operator = createSigner('operator#1', generateKey())
const service = createSigner('service#1', generateKey())
const key = (holder: string, signer: typeof operator) => ({
  holder,
  n: 1,
  alg: 'Ed25519',
  public: formatBase64url(signer.publicKey),
  from: start,
})
const opening = {
  v: 1,
  origin: 'demo.hours/2026',
  previous: null,
  keys: [key('operator', operator), key('service', service)],
}

let replay: LogReplay
let index: number
let streams: Map<string, { seq: number; prev: string | null }>
beforeEach(() => {
  replay = createLogReplay({ crypto: nodeCrypto })
  index = 0
  streams = new Map()
})
const read = (bytes: Uint8Array) => replay.read(bytes, { year: 2026, index: index++ })
const codeOf = (result: ReturnType<typeof read>) => (result.ok ? result.value.type : result.error.code)

function sign(kind: RecordKind, body: object, signer = operator) {
  return signRecord({ kind, payload: JSON.stringify(body), signer })
}
/** Appends a record to its stream, numbered as it must be. */
function append(kind: RecordKind, stream: string, body: object, signer = operator) {
  const { seq, prev } = streams.get(stream) ?? { seq: 0, prev: null }
  const bytes = sign(kind, { v: 1, stream, seq, prev, ...body }, signer)
  streams.set(stream, { seq: seq + 1, prev: recordDigest(bytes, nodeCrypto.sha256) })
  return codeOf(read(bytes))
}
const time = (at: number) => codeOf(read(sign('time', { v: 1, at, size: index }, service)))
function admit() {
  read(sign('opening', opening))
  append('key', 'installation', key('gw-1', gatewaySigner))
  append('epoch', 'installation', { gateway: 'gw-1', epoch: 0, reason: 'admitted' })
  return append('enrolment', 'gz-gibh', {
    instrument: 'sem-01',
    gateway: 'gw-1',
    unit: 'lab-1',
    from: start,
    names: { en: 'SEM' },
  })
}

describe('a log read from its first leaf', () => {
  it('gives pages with their verdict, class and what they account for', () => {
    expect(admit()).toBe('record')
    const first = pageOf(0)
    const leaves = [first, pageOf(1, { prev: first.digest })].map(({ bytes }) => read(bytes))
    const pages = leaves.flatMap((leaf) => (leaf.ok && leaf.value.type === 'page' ? [leaf.value.page] : []))
    expect(pages.map(({ verdict }) => verdict.verdict)).toEqual(['accept', 'accept'])
    expect(replay.judge(pages[0]!)).toEqual({ class: 'live', findings: [], isTimed: false })
    expect(time(start + 2 * pageMs + MINUTE)).toBe('record')
    const logged = pages.map((page) => ({ ...page, standing: 'accepted' as const, ...replay.judge(page) }))
    expect([...accountablePages(logged)]).toEqual([
      [
        'gz-gibh/sem-01',
        { spans: [{ from: start, to: start + 2 * pageMs, state: 'run', class: 'live' }], recovered: [] },
      ],
    ])
  })
  it('finds a page whose times contradict what its gateway had seen (R5)', () => {
    admit()
    time(start + 100 * pageMs)
    const seen = { origin: 'demo.hours/2026', size: 5, root: 'x' }
    const first = pageOf(0, { seen })
    read(first.bytes)
    const backdated = read(pageOf(1, { prev: first.digest }).bytes)
    time(start + 101 * pageMs)
    if (!backdated.ok || backdated.value.type !== 'page') throw new Error('not read')
    expect(replay.judge(backdated.value.page)).toMatchObject({ class: 'late', unknown: 'time' })
  })
  it('does not wait for a `time` record to doubt a clock, or a page that begins before what was seen', () => {
    admit()
    time(start + 100 * pageMs)
    const seen = { origin: 'demo.hours/2026', size: 5, root: 'x' }
    const clock = { source: 'none' as const, offsetMs: 0, errorMs: 0, steppedMs: 0 }
    const first = pageOf(0, { seen, clock })
    const leaves = [first, pageOf(1, { prev: first.digest })].map(({ bytes }) => read(bytes))
    const told = leaves.map((leaf) => leaf.ok && leaf.value.type === 'page' && replay.judge(leaf.value.page))
    expect(told).toMatchObject([
      { unknown: 'clock', isTimed: false },
      { unknown: 'time', isTimed: false },
    ])
  })
  it('refuses what should never have been logged', () => {
    admit()
    expect(codeOf(read(pageOf(0, { epoch: 1 }).bytes))).toBe('unopened_epoch')
    expect(codeOf(read(pageOf(0, { instrument: 'sem-02' }).bytes))).toBe('unknown_instrument')
    expect(codeOf(read(pageOf(0, { site: 'elsewhere' }).bytes))).toBe('unknown_instrument')
    expect(codeOf(read(pageOf(0, { gateway: 'gw-2' }).bytes))).toBe('unknown_key')
    expect(codeOf(read(sign('time', { v: 1, at: start, size: 1 })))).toBe('wrong_signer')
    expect(codeOf(read(sign('epoch', { v: 1 })))).toBe('bad_payload')
    const thief = createSigner('operator#1', generateKey())
    expect(append('epoch', 'installation', { gateway: 'gw-1', epoch: 1, reason: 'x' }, thief)).toBe(
      'bad_signature',
    )
    expect(codeOf(read(signRecord({ kind: 'receipt', payload: '{}', signer: service })))).toBe('wrong_kind')
    expect(codeOf(read(new Uint8Array(3)))).toBe('bad_record')
  })
  it('refuses a stream with a hole (R9), and a second first leaf under other keys', () => {
    admit()
    streams.set('installation', { seq: 5, prev: 'A'.repeat(43) })
    expect(append('epoch', 'installation', { gateway: 'gw-1', epoch: 1, reason: 'x' })).toBe('stream_hole')
    const other = createSigner('operator#1', generateKey())
    const forged = { ...opening, keys: [key('operator', other)] }
    expect(codeOf(read(sign('opening', forged, other)))).toBe('bad_signature')
    expect(codeOf(read(sign('opening', forged)))).toBe('key_conflict')
    // The same keys again are no conflict, but only the first leaf of a log opens one.
    expect(codeOf(read(sign('opening', opening)))).toBe('bad_record')
  })
  it('needs an opening that lists the key it is signed with', () => {
    expect(codeOf(read(sign('opening', { ...opening, keys: [] })))).toBe('unknown_key')
    expect(append('epoch', 'installation', { gateway: 'gw-1', epoch: 0, reason: 'x' })).toBe('unknown_key')
  })
  it('takes no page of a key after its revocation', () => {
    admit()
    append('key', 'installation', { ...key('gw-1', gatewaySigner), revoked: start })
    expect(codeOf(read(pageOf(0).bytes))).toBe('revoked_key')
  })
})

describe('enrolments', () => {
  it('hold from where they begin until the next one for the instrument begins', () => {
    const enrolments = createEnrolments()
    const add = (gateway: string, from: number, to?: number) =>
      enrolments.add({ stream: 's', instrument: 'i', gateway, from, to } as Parameters<
        typeof enrolments.add
      >[0])
    const has = (gateway: string, from: number, to: number) =>
      enrolments.isEnrolled({ site: 's', gateway, from, to } as never, 'i')
    add('gw-1', 100)
    add('gw-2', 200, 300)
    expect([
      has('gw-1', 50, 100),
      has('gw-1', 50, 101),
      has('gw-1', 199, 250),
      has('gw-1', 200, 250),
    ]).toEqual([false, true, true, false])
    expect([has('gw-2', 150, 200), has('gw-2', 299, 400), has('gw-2', 300, 400)]).toEqual([
      false,
      true,
      false,
    ])
  })
  it('let a page name what was retired at its gateway, but not what another gateway has now', () => {
    const enrolments = createEnrolments()
    const add = (gateway: string, from: number, to?: number) =>
      enrolments.add({ stream: 's', instrument: 'i', gateway, from, to } as Parameters<
        typeof enrolments.add
      >[0])
    const may = (gateway: string, from: number, to: number) =>
      enrolments.mayName({ site: 's', gateway, from, to } as never, 'i')
    add('gw-1', 100, 200)
    expect([may('gw-1', 50, 100), may('gw-1', 150, 160), may('gw-1', 900, 950)]).toEqual([false, true, true])
    expect(may('gw-2', 150, 160)).toBe(false)
    add('gw-2', 300)
    expect([may('gw-1', 150, 160), may('gw-1', 900, 950), may('gw-2', 900, 950)]).toEqual([true, false, true])
  })
})
