import { createSigner, generateKey } from '@hours/ledger/node'
import { signRecord } from '@hours/ledger'
import { configTopic, decodeStatus, receiptTopic } from '@hours/protocol'
import { describe, expect, it } from 'vitest'
import { type Bench, createBench, start, tasmota, testConfig } from './gateway.fixture.ts'
import { pageOf } from './peer.fixture.ts'

const M = 60_000
const { site, gateway } = testConfig()
const receipts = receiptTopic(site, gateway)

async function run(bench: Bench, ms: number) {
  for (const end = bench.clock.wall() + ms; bench.clock.wall() < end; ) {
    bench.watts(800)
    await bench.pass(10_000)
  }
}
async function begun(minutes = 17) {
  const bench = createBench()
  bench.begin()
  await run(bench, minutes * M)
  return bench
}
const unverified = (bench: Bench) =>
  [...bench.alarms].filter((alarm) => alarm.startsWith('receipt_unverified'))

describe('what may leave the spool', () => {
  it('is what a verified receipt lists, and nothing on a PUBACK alone', async () => {
    const bench = await begun()
    expect([bench.peer.sent.length >= 3, bench.gateway.pending()]).toEqual([true, 3])
    bench.peer.send(receipts, bench.peer.receipt())
    expect(bench.gateway.pending()).toBe(0)
    expect(unverified(bench)).toEqual([])
    await run(bench, 5 * M)
    expect(bench.peer.pages().at(-1)!.seen).toMatchObject({ origin: 'demo.test/2026', size: 3 })
    bench.peer.send(receipts, bench.peer.receipt())
    expect(bench.gateway.pending()).toBe(0)
  })

  it('is nothing on a receipt of somebody else; a good one afterwards clears the doubt', async () => {
    const bench = await begun()
    const stranger = createSigner('service#1', generateKey())
    bench.peer.send(receipts, bench.peer.receipt({}, stranger))
    bench.peer.send(receipts, Buffer.from('no receipt at all'))
    expect([bench.gateway.pending(), unverified(bench).length > 0]).toEqual([3, true])
    bench.peer.send(receipts, bench.peer.receipt())
    expect([bench.gateway.pending(), unverified(bench)]).toEqual([0, []])
  })

  it.each([
    [
      'a checkpoint signed by another key',
      (b: Bench) => b.peer.receipt({}, undefined, createSigner('log#0', generateKey())),
    ],
    [
      'a page that is not in the log where it is said to be',
      (b: Bench) => b.peer.receipt({ pages: [{ seq: 0, index: 1, proof: [] }] }),
    ],
  ])('is nothing any more after the service showed %s, not even over a restart', async (_, forge) => {
    const bench = await begun()
    bench.peer.send(receipts, forge(bench))
    expect(unverified(bench)).toHaveLength(1)
    bench.peer.send(receipts, bench.peer.receipt())
    expect(bench.gateway.pending()).toBe(3)
    await bench.end('kill')
    bench.begin()
    await run(bench, 2 * M)
    bench.peer.send(receipts, bench.peer.receipt())
    expect([bench.gateway.pending() >= 3, unverified(bench).length]).toEqual([true, 1])
    const told = bench.peer.others.filter(({ topic }) => topic.endsWith('/status')).at(-1)!
    const status = decodeStatus(Buffer.from(told.payload))
    expect(status.ok && status.value.alarms).toContain(unverified(bench)[0])
  })

  it('is nothing after a fork of the log was shown', async () => {
    const bench = await begun()
    bench.peer.send(receipts, bench.peer.receipt())
    const other = await begun()
    await run(bench, 5 * M)
    // Another history of the same length, signed by the same log: the other gateway's pages under our peer's keys.
    const forged = bench.peer.receipt({ consistency: [new Uint8Array(32)] })
    bench.peer.send(receipts, forged)
    expect(unverified(bench)).toEqual(['receipt_unverified:inconsistent'])
    expect([bench.gateway.pending(), other.gateway.pending()]).toEqual([1, 3])
  })

  it('moves refused pages aside, and keeps those of an epoch that is not open', async () => {
    const bench = await begun()
    const rejected = [
      { seq: 0, code: 'overlap', reason: 'because' },
      { seq: 1, code: 'unopened_epoch', reason: 'epoch 0 has not been opened' },
    ]
    bench.peer.send(receipts, bench.peer.receipt({ pages: [], rejected }))
    expect(bench.spool.refused()).toEqual([{ epoch: 0, seq: 0, code: 'overlap', reason: 'because' }])
    expect(bench.gateway.pending()).toBe(2)
    expect([...bench.alarms].sort()).toEqual(['epoch_unopened:0', 'pages_refused'])
    bench.peer.send(receipts, bench.peer.receipt())
    expect(bench.gateway.pending()).toBe(0)
    expect([...bench.alarms]).toEqual(['pages_refused'])
  })
})

describe('sending', () => {
  it('has at most 32 pages without PUBACK, and goes on from there', async () => {
    const bench = createBench()
    bench.peer.up = false
    bench.begin()
    await run(bench, 220 * M)
    expect(bench.gateway.pending()).toBeGreaterThan(40)
    bench.peer.up = true
    bench.peer.acknowledge = false
    await bench.pass(2 * M)
    const before = bench.peer.sent.length
    expect(before).toBe(32)
    bench.peer.acknowledge = true
    bench.peer.cut()
    await bench.pass(10_000)
    const held = bench.gateway.pending()
    expect(bench.peer.pages().map(({ seq }) => seq)).toEqual(Array.from({ length: held }, (_, i) => i))
  })

  it('sends a page again that has no receipt after a minute, and gives a silent connection up', async () => {
    const bench = await begun(7)
    expect(bench.peer.sent).toHaveLength(1)
    await bench.pass(90_000)
    expect(bench.peer.sent.length).toBeGreaterThan(1)
    expect(bench.peer.sent.every((bytes) => pageOf(bytes).seq === 0)).toBe(true)
    bench.peer.acknowledge = false
    await bench.pass(5 * M)
    const before = bench.peer.sent.length
    await bench.pass(5 * M)
    expect(bench.peer.sent.length).toBeGreaterThan(before)
  })

  it('says online, every transition at once, and goodbye; power follows the pages', async () => {
    const bench = createBench()
    bench.begin()
    await bench.pass(0)
    for (let i = 0; i < 12; i++) {
      bench.watts(i < 4 ? 0 : 800)
      await bench.pass(10_000)
    }
    await run(bench, 10 * M)
    const states = bench.peer.others.filter(({ topic }) => topic === 'hours/1/lab/gw-1/state/sem-01')
    expect(states.map(({ payload }) => JSON.parse(payload) as object)).toMatchObject([
      { state: 'off', since: start, why: 'power' },
      { state: 'run', since: start + 40_000, at: start + 70_000, mw: 800_000 },
    ])
    const power = bench.peer.others.filter(({ topic }) => topic.endsWith('/power'))
    expect(JSON.parse(power[0]!.payload)).toMatchObject({
      from: start,
      stepMs: 60_000,
      instruments: [
        {
          id: 'sem-01',
          mw: [[0, 266_667, 800_000], ...Array<number[]>(4).fill([800_000, 800_000, 800_000])],
        },
      ],
    })
    await bench.end('stop')
    const status = bench.peer.others.filter(({ topic }) => topic.endsWith('/status'))
    expect(JSON.parse(status[0]!.payload)).toMatchObject({ online: true, software: '0.1.0' })
    expect(JSON.parse(status.at(-1)!.payload)).toEqual({ v: 1, online: false, at: bench.clock.wall() })
  })
})

describe('a config record', () => {
  const record = (
    bench: Bench,
    revision: number,
    instruments: unknown[],
    signer = bench.peer.operator,
    from?: number,
  ) =>
    signRecord({
      kind: 'config',
      payload: JSON.stringify({
        v: 1,
        stream: 'lab',
        seq: revision,
        prev: null,
        gateway,
        revision,
        instruments,
        from,
      }),
      signer,
    })

  it('of the operator takes effect at the next page; counters outlive an instrument that is taken out', async () => {
    const bench = await begun(7)
    const [a, b] = [tasmota('sem-01', 'pow1'), tasmota('xrd-01', 'pow2')]
    bench.peer.send(configTopic(site, gateway), record(bench, 1, [b]))
    await run(bench, 5 * M)
    bench.peer.send(configTopic(site, gateway), record(bench, 2, [a, b]))
    await run(bench, 10 * M)
    const pages = bench.peer.pages()
    const said = pages.map(({ to, config, instruments }) => [to - start, config.revision, instruments.length])
    expect(said).toEqual([
      [5 * M, 0, 1],
      [7 * M - 10_000, 0, 1],
      [10 * M, 1, 1],
      [12 * M, 1, 1],
      [15 * M, 2, 2],
      [20 * M, 2, 2],
    ])
    const [before, after] = [pages[1]!.instruments[0]!, pages[4]!.instruments[0]!]
    expect([before.id, after.id]).toEqual(['sem-01', 'sem-01'])
    expect(after.onMs - before.onMs).toBe(3 * M)
    expect(bench.gateway.status().config).toMatchObject({ revision: 2, differs: true })
    await bench.end('kill')
    bench.begin()
    expect(bench.gateway.status().config).toMatchObject({ revision: 2, differs: true })
  })

  it('takes effect at its date, also after a restart, and a newer one takes the place of one that waits', async () => {
    const bench = await begun(7)
    const [a, b] = [tasmota('sem-01', 'pow1'), tasmota('xrd-01', 'pow2')]
    const at = bench.clock.wall()
    const send = (revision: number, instruments: unknown[], from: number) =>
      bench.peer.send(
        configTopic(site, gateway),
        record(bench, revision, instruments, bench.peer.operator, from),
      )
    send(2, [b], at + 6 * M)
    send(1, [b], at)
    await run(bench, 2 * M)
    expect(bench.gateway.status().config).toMatchObject({ revision: 0 })
    send(3, [a, b], at + 8 * M)
    await bench.end('kill')
    bench.begin()
    await run(bench, 5.5 * M)
    expect(bench.gateway.status().config).toMatchObject({ revision: 0 })
    await run(bench, 1 * M)
    expect(bench.gateway.status().config).toMatchObject({ revision: 3 })
    expect(Object.keys(bench.gateway.status().instruments ?? {})).toEqual(['sem-01', 'xrd-01'])
    await run(bench, 10 * M)
    const first = bench.peer.pages().find(({ config }) => config.revision === 3)!
    // Pages are whole up to there; the change is at most a turn late.
    expect(first.from).toBeGreaterThanOrEqual(at + 8 * M - 10_000)
    expect(first.from).toBeLessThan(at + 8 * M + 20_000)
    await bench.end('kill')
    bench.begin()
    expect(bench.gateway.status().config).toMatchObject({ revision: 3 })
  })

  it('of somebody else, or an older one, changes nothing and is told', async () => {
    const bench = await begun(7)
    const stranger = createSigner('operator#1', generateKey())
    bench.peer.send(configTopic(site, gateway), record(bench, 9, [tasmota('xrd-01', 'pow2')], stranger))
    expect(bench.alarms).toContain('config_unverified')
    await run(bench, 10 * M)
    expect(bench.peer.pages().map(({ config }) => config.revision)).toEqual([0, 0, 0])
    expect(bench.gateway.status().config).toMatchObject({ revision: 0, differs: false })
  })
})
