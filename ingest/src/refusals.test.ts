import { parseRecord, signRecord } from '@hours/ledger'
import { createSigner, generateKey } from '@hours/ledger/node'
import { decodeReceipt, instrumentKey, type InstrumentId, Page, type Receipt } from '@hours/protocol'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  closeTestSite,
  createTestGateway,
  enrolmentRecord,
  openIngest,
  openTestSite,
  pageMs,
  run,
  site,
  start,
  type TestSite,
} from './ingest.fixture.ts'

const key = instrumentKey(site, 'sem-01' as InstrumentId)

let dataDir: string
let clock: TestSite['clock']
let gateway: TestSite['gateway']
let ingest: TestSite['ingest']
let receipts: Receipt[]

beforeEach(async () => {
  ;({ dataDir, clock, gateway, ingest } = await openTestSite())
  receipts = []
  ingest.attach((topic, payload) => {
    const record = parseRecord(payload as Uint8Array)
    const receipt = record.ok && topic.endsWith('/receipt') ? decodeReceipt(record.value.payload) : undefined
    if (receipt?.ok) receipts.push(receipt.value)
    return Promise.resolve()
  })
  await ingest.recordAll([...createTestGateway('gw-2').records(), enrolmentRecord('gw-2', 'nmr-01')])
  clock.advanceTo(start + 10 * pageMs)
  await ingest.commit({ topic: gateway.topic, payload: gateway.page({ 'sem-01': run }) })
})
afterEach(() => closeTestSite({ dataDir, ingest }))

const utf8 = (text: string) => new TextEncoder().encode(text)

/** The next page with something wrong in it, signed by its gateway all the same. */
const changed = (change: Record<string, unknown>): Uint8Array => {
  const record = parseRecord(gateway.page({ 'sem-01': run }))
  if (!record.ok) throw new Error(record.error.message)
  const page = JSON.parse(new TextDecoder().decode(record.value.payload)) as Page
  return signRecord({ kind: 'page', payload: JSON.stringify({ ...page, ...change }), signer: gateway.signer })
}

const instrument = {
  id: 'sem-01',
  spans: run,
  onMs: 2 * pageMs,
  runMs: 2 * pageMs,
  mwh: 0,
  samples: 1,
  rejected: 0,
}

/** What is sent, the code it is refused with, and whether its sender can be told which page it was. */
const matrix: [name: string, code: string, bytes: () => Uint8Array, told: boolean][] = [
  ['not a JWS', 'malformed', () => utf8('{"v":1}'), false],
  ['empty', 'malformed', () => new Uint8Array(0), false],
  ['not UTF-8', 'malformed', () => Uint8Array.of(0xff, 0xfe, 0x2e, 0x2e), false],
  [
    'a receipt instead of a page',
    'malformed',
    () => signRecord({ kind: 'receipt', payload: '{}', signer: gateway.signer }),
    false,
  ],
  ['over 65,535 bytes', 'oversize', () => new Uint8Array(70_000).fill(65), false],
  ['over 45 KiB of payload', 'oversize', () => changed({ software: 'x'.repeat(46_000) }), true],
  ['a version of the future', 'unknown_version', () => changed({ v: 2 }), true],
  ['a field of another type', 'bad_field', () => changed({ boot: 'first' }), true],
  [
    'overlapping spans',
    'spans',
    () =>
      changed({
        instruments: [
          {
            ...instrument,
            spans: [
              ['run', 0, 200_000],
              ['off', 100_000, pageMs],
            ],
          },
        ],
      }),
    true,
  ],
  [
    'spans beyond its end',
    'spans',
    () => changed({ instruments: [{ ...instrument, spans: [['run', 0, pageMs + 1]] }] }),
    true,
  ],
  [
    'signed by a key nobody enrolled',
    'bad_signature',
    () =>
      signRecord({
        kind: 'page',
        payload: JSON.stringify({ epoch: 0, seq: 1 }),
        signer: createSigner('gw-1#1', generateKey()),
      }),
    true,
  ],
  [
    'a key number that does not exist',
    'unknown_key',
    () =>
      signRecord({
        kind: 'page',
        payload: '{"epoch":0,"seq":1}',
        signer: { ...gateway.signer, kid: 'gw-1#9' },
      }),
    true,
  ],
  ['of another site', 'topic_mismatch', () => changed({ site: 'elsewhere' }), true],
  ['of another gateway', 'topic_mismatch', () => changed({ gateway: 'gw-2' }), true],
  ['an epoch that was not opened', 'unopened_epoch', () => changed({ epoch: 1, seq: 0, prev: null }), true],
  [
    'another gateway’s instrument',
    'unknown_instrument',
    () => changed({ instruments: [{ ...instrument, id: 'nmr-01' }] }),
    true,
  ],
  ['ends in the future', 'future', () => changed({ to: start + 10 * pageMs + 60_001 }), true],
  ['begins before the page before it ends', 'overlap', () => changed({ from: start + pageMs - 1 }), true],
  [
    'counters that fall',
    'counters',
    () => changed({ instruments: [{ ...instrument, spans: [['off', 0, pageMs]], onMs: 1, runMs: 1 }] }),
    true,
  ],
  [
    'counters that grow more than time',
    'counters',
    () => changed({ instruments: [{ ...instrument, onMs: 9 * pageMs }] }),
    true,
  ],
  ['another page before it', 'chain', () => changed({ prev: 'A'.repeat(43) }), true],
]

describe('pages that are refused', () => {
  it.each(matrix)(
    '%s: %s, kept aside with its reason, and the next good page goes through',
    async (_name, code, bytes, told) => {
      const payload = bytes()
      const size = ingest.log.size()
      await ingest.commit({ topic: gateway.topic, payload, client: gateway.id })
      expect(ingest.log.size()).toBe(size)
      const [kept] = ingest.quarantine.list(1)
      expect(kept).toMatchObject({
        code,
        topic: gateway.topic,
        gateway: 'gw-1',
        size: Math.min(payload.length, 65_536),
      })
      expect(kept!.reason.length).toBeGreaterThan(5)
      expect(ingest.quarantine.bytes(kept!.id)).toEqual(payload.subarray(0, 65_536))
      clock.advanceTo(clock.wall() + 2_000)
      if (told)
        await vi.waitFor(() => {
          clock.advanceTo(clock.wall() + 1_000)
          expect(receipts.flatMap(({ rejected }) => rejected)).toContainEqual(
            expect.objectContaining({ code }),
          )
        })
      const next = createTestGateway('gw-1')
      next.page({ 'sem-01': run })
      await ingest.commit({ topic: gateway.topic, payload: next.page({ 'sem-01': run }) })
      await ingest.settled()
      expect(ingest.index.spans(key, start, start + 2 * pageMs)).toEqual([
        { state: 'run', from: start, to: start + 2 * pageMs },
      ])
    },
  )

  it('a client may not write to the topic of another', async () => {
    await ingest.commit({
      topic: gateway.topic,
      payload: gateway.page({ 'sem-01': run }),
      client: 'gw-2' as never,
    })
    expect(ingest.quarantine.list(1)).toMatchObject([{ code: 'topic_mismatch', gateway: 'gw-2' }])
  })

  it.each([
    'hours/2/a/b/page',
    'hours/1/UPPER/gw-1/page',
    'x',
    'hours/1/gz-gibh/gw-1/state/a/b',
    '__proto__/constructor',
  ])('the topic %s is refused', async (topic) => {
    await ingest.commit({ topic, payload: utf8('{}') })
    expect(ingest.quarantine.list(1)).toMatchObject([{ code: 'bad_topic', topic }])
  })

  it('two pages for one seq: both are logged, the first stands, the epoch is void from there, everybody is told', async () => {
    gateway.rewind()
    const other = gateway.page({ 'sem-01': [['off', 0, pageMs]] })
    const size = ingest.log.size()
    await ingest.commit({ topic: gateway.topic, payload: other })
    await ingest.commit({ topic: gateway.topic, payload: gateway.page({ 'sem-01': run }) })
    await ingest.settled()
    expect(ingest.log.size()).toBeGreaterThanOrEqual(size + 2)
    expect(ingest.index.spans(key, start, start + 2 * pageMs)).toEqual([
      { state: 'run', from: start, to: start + pageMs },
      { state: 'unknown', from: start + pageMs, to: start + 2 * pageMs },
    ])
    expect(ingest.index.pages(key, start, start + 2 * pageMs).map(({ standing }) => standing)).toEqual([
      'accepted',
      'void',
      'void',
    ])
    await vi.waitFor(() => {
      clock.advanceTo(clock.wall() + 1_000)
      const codes = new Set(receipts.flatMap(({ rejected }) => rejected.map(({ code }) => code)))
      expect(codes).toEqual(new Set(['equivocation', 'void']))
    })
    await ingest.record('epoch', 'installation', {
      gateway: gateway.id,
      epoch: 1,
      reason: 'two pages had seq 0',
    })
    gateway.epoch(1)
    await ingest.commit({ topic: gateway.topic, payload: gateway.page({ 'sem-01': run }) })
    await ingest.settled()
    expect(ingest.index.spans(key, start + 2 * pageMs, start + 3 * pageMs)).toMatchObject([{ state: 'run' }])
  })

  it('the same page again gives no second entry, but another receipt', async () => {
    const page = gateway.page({ 'sem-01': run })
    await ingest.commit({ topic: gateway.topic, payload: page })
    const size = ingest.log.size()
    await Promise.all([1, 2, 3].map(() => ingest.commit({ topic: gateway.topic, payload: page })))
    expect(ingest.log.size()).toBe(size)
    const before = receipts.length
    await vi.waitFor(() => {
      clock.advanceTo(clock.wall() + 1_000)
      expect(receipts.length).toBeGreaterThan(before)
    })
    expect(receipts.at(-1)?.pages.map(([seq]) => seq)).toContain(1)
  })
})

describe('a retired instrument', () => {
  it('that its gateway goes on naming costs the other instruments no page, and has no hours itself', async () => {
    const end = start + 2 * pageMs
    await ingest.recordAll([enrolmentRecord('gw-1', 'xrd-01'), enrolmentRecord('gw-1', 'sem-01', start, end)])
    for (let i = 0; i < 3; i++)
      await ingest.commit({ topic: gateway.topic, payload: gateway.page({ 'sem-01': run, 'xrd-01': run }) })
    await ingest.settled()
    const runs = () => {
      const of = (id: string) => {
        const key = instrumentKey(site, id as InstrumentId)
        const days = ingest.index.days([key], start, start + 10 * pageMs)
        return days.reduce((sum, day) => sum + day.states.run, 0)
      }
      return { sem: of('sem-01'), xrd: of('xrd-01') }
    }
    expect(ingest.quarantine.count()).toBe(0)
    expect(runs()).toEqual({ sem: 2 * pageMs, xrd: 3 * pageMs })
    await ingest.close()
    ingest = await openIngest(dataDir, clock)
    expect(runs()).toEqual({ sem: 2 * pageMs, xrd: 3 * pageMs })
  })
})

describe('what is not evidence', () => {
  const live = `hours/1/${site}/gw-1/state/sem-01`

  it('state events, heartbeats and the will make the live view; silence is unknown', async () => {
    const seen: string[] = []
    ingest.live.onChange((_key, { state }) => seen.push(state))
    const at = clock.wall()
    const event = { v: 1, state: 'run', since: at - 5_000, at, mw: 900_000, why: 'power' }
    await ingest.commit({ topic: live, payload: utf8(JSON.stringify(event)) })
    expect(ingest.live.instrument(key)).toEqual({ state: 'run', since: at - 5_000, at, mw: 900_000 })
    clock.advanceTo(at + 100_000)
    expect(ingest.live.instrument(key)).toMatchObject({ state: 'unknown', since: at })
    const status = { v: 1, online: true, at: clock.wall(), instruments: { 'sem-01': ['standby', at, 5_000] } }
    await ingest.commit({ topic: `hours/1/${site}/gw-1/status`, payload: utf8(JSON.stringify(status)) })
    expect(ingest.live.instrument(key)).toMatchObject({ state: 'standby', since: at, mw: 5_000 })
    const will = { v: 1, online: false, at: clock.wall() }
    await ingest.commit({ topic: `hours/1/${site}/gw-1/status`, payload: utf8(JSON.stringify(will)) })
    expect(ingest.live.instrument(key).state).toBe('unknown')
    expect(ingest.live.gateway(site, gateway.id).online).toBe(false)
    expect(seen).toEqual(['run', 'unknown', 'standby', 'unknown'])
  })

  it('events of instruments and gateways that nobody enrolled go aside', async () => {
    const event = utf8(JSON.stringify({ v: 1, state: 'run', since: start, at: start, why: 'x' }))
    await ingest.commit({ topic: `hours/1/${site}/gw-1/state/nmr-01`, payload: event })
    await ingest.commit({ topic: `hours/1/${site}/gw-9/state/sem-01`, payload: event })
    await ingest.commit({ topic: live, payload: utf8('{"v":1}') })
    expect(ingest.quarantine.list(3).map(({ code }) => code)).toEqual([
      'bad_field',
      'unknown_gateway',
      'unknown_instrument',
    ])
  })

  it('keeps 1-min power over a restart, and reads it back by steps', async () => {
    const from = start + 10 * pageMs - 180_000
    const report = {
      v: 1,
      from,
      stepMs: 60_000,
      instruments: [{ id: 'sem-01', mw: [[1, 2, 3], null, [4, 6, 80_000_000_000]], mwh: 5 }],
    }
    await ingest.commit({ topic: `hours/1/${site}/gw-1/power`, payload: utf8(JSON.stringify(report)) })
    const points = [
      { at: from, min: 1, mean: 2, max: 3 },
      { at: from + 120_000, min: 4, mean: 6, max: 80_000_000_000 },
    ]
    expect(ingest.power.read(key, from, from + 180_000, 60_000)).toEqual(points)
    await ingest.close()
    ingest = await openIngest(dataDir, clock)
    expect(ingest.power.read(key, from, from + 180_000, 60_000)).toEqual(points)
    expect(ingest.power.read(key, from, from + 180_000, 180_000)).toEqual([
      { at: from, min: 1, mean: 4, max: 80_000_000_000 },
    ])
  })
  it('power from the future goes aside and takes nothing that is kept with it', async () => {
    const now = start + 10 * pageMs
    const powerFrom = (from: number) =>
      ingest.commit({
        topic: `hours/1/${site}/gw-1/power`,
        payload: utf8(
          JSON.stringify({
            v: 1,
            from,
            stepMs: 60_000,
            instruments: [{ id: 'sem-01', mw: [[1, 2, 3]], mwh: 5 }],
          }),
        ),
      })
    await powerFrom(now - 60_000)
    await powerFrom(now)
    for (const from of [now + 60_000, Date.UTC(2040, 0, 1)]) {
      await powerFrom(from)
      expect(ingest.quarantine.list(1)).toMatchObject([{ code: 'future', gateway: 'gw-1' }])
      expect(ingest.power.read(key, from, from + 60_000, 60_000)).toEqual([])
    }
    expect(ingest.power.read(key, now - 60_000, now + 60_000, 60_000)).toHaveLength(2)
  })
})
