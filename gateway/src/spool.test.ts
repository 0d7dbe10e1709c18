import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createBench, start } from './gateway.fixture.ts'
import { GatewayError } from './gateway-error.ts'
import { openSpool } from './spool.ts'

let dir: string
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), 'spool-'))))
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const bounds = { maxBytes: 10_000, maxAgeDays: 30 }
const M = 60_000
const DAY = 86_400_000
const page = (seq: number, size = 1_000, epoch = 0) => ({
  epoch,
  seq,
  from: start + seq * M,
  to: start + (seq + 1) * M,
  bytes: new Uint8Array(size).fill(seq),
})

describe('the spool', () => {
  it('drops the oldest pages when it is full or they are too old, and counts them, over a restart too', () => {
    let now = start
    const path = join(dir, 'spool.sqlite')
    let spool = openSpool(path, bounds, () => now)
    for (let seq = 0; seq < 15; seq++) spool.addPage(page(seq), { chain: String(seq) })
    expect(spool.state()).toEqual({ pages: 10, oldest: start + 5 * M, dropped: 5 })
    now = start + 30 * DAY + 8 * M
    spool.addPage(page(15), {})
    expect(spool.state()).toEqual({ pages: 9, oldest: start + 7 * M, dropped: 7 })
    spool.close()
    spool = openSpool(path, bounds, () => now)
    expect([spool.state(), spool.pages(), Buffer.from(spool.get('chain')!).toString()]).toEqual([
      { pages: 9, oldest: start + 7 * M, dropped: 7 },
      9,
      '14',
    ])
    spool.release(0, [7, 8, 99])
    expect(spool.pageAfter({ epoch: -1, seq: -1 })).toEqual({ epoch: 0, seq: 9 })
    spool.close()
  })

  it('keeps power and the ring of samples within their own bounds', () => {
    const spool = openSpool(join(dir, 'spool.sqlite'), bounds, () => start)
    for (let i = 0; i < 50; i++) {
      spool.addPower(start + i, new Uint8Array(100))
      spool.addJournal({ begins: start + i, ends: start + i, bytes: new Uint8Array(100) })
    }
    let rows = 0
    for (let row = spool.powerAfter(0); row; row = spool.powerAfter(row.id)) rows += 1
    expect(rows).toBeLessThanOrEqual(20)
    expect(rows).toBeGreaterThan(10)
    const ring = [...spool.journalAfter(0)]
    expect(ring.length).toBeLessThanOrEqual(12)
    expect(ring.at(-1)!.begins).toBe(start + 49)
    expect(spool.pages()).toBe(0)
    spool.close()
  })

  it('keeps refused pages for 30 days', () => {
    const spool = openSpool(join(dir, 'spool.sqlite'), bounds, () => start)
    spool.addPage(page(0), {})
    spool.addPage(page(1), {})
    spool.refuse({ epoch: 0, seq: 0, at: start, code: 'overlap', reason: 'x' })
    expect([spool.pages(), spool.refused().length]).toEqual([1, 1])
    spool.refuse({ epoch: 0, seq: 1, at: start + 31 * DAY, code: 'overlap', reason: 'y' })
    expect(spool.refused().map(({ seq }) => seq)).toEqual([1])
    spool.close()
  })

  it('of another running gateway is refused by name and left alone', () => {
    const path = join(dir, 'spool.sqlite')
    const spool = openSpool(path, bounds, () => start)
    spool.addPage(page(0), {})
    expect(() => openSpool(path, bounds, () => start)).toThrow(GatewayError)
    expect(() => openSpool(path, bounds, () => start)).toThrow(/another gateway runs on this folder/)
    expect(spool.pages()).toBe(1)
    spool.close()
    expect(readdirSync(dir).filter((name) => name.includes('damaged'))).toEqual([])
  })

  it.each([
    ['overwritten', Buffer.alloc(20_000, 0x5a)],
    ['cut to its header', Buffer.from('SQLite format 3\0')],
  ])('that was %s is moved aside, and the next chain takes a new epoch', (_, bytes) => {
    const path = join(dir, 'spool.sqlite')
    const first = openSpool(path, bounds, () => start)
    first.addPage(page(0), { chain: '{}' })
    first.close()
    writeFileSync(path, bytes)
    const second = openSpool(path, bounds, () => start)
    expect([second.damaged?.includes('.damaged-'), second.lost, second.epoch, second.pages()]).toEqual([
      true,
      true,
      1,
      0,
    ])
    second.addPage(page(0, 10, 1), { chain: '{}' })
    second.close()
    const third = openSpool(path, bounds, () => start)
    expect([third.damaged, third.lost, third.epoch, third.pages()]).toEqual([undefined, false, 1, 1])
    third.close()
    rmSync(path)
    const fourth = openSpool(path, bounds, () => start)
    expect([fourth.lost, fourth.epoch]).toEqual([true, 2])
    fourth.close()
  })
})

describe('a gateway whose spool is full', () => {
  it('says in the next page how many pages it had to drop', async () => {
    const bench = createBench({}, { maxBytes: 4_000, maxAgeDays: 30 })
    bench.peer.up = false
    bench.begin()
    for (let i = 0; i < 240; i++) {
      bench.watts(800)
      await bench.pass(10_000)
    }
    bench.peer.up = true
    await bench.pass(2 * M)
    const pages = bench.peer.pages()
    expect(pages[0]!.seq).toBeGreaterThan(0)
    expect(pages.at(-1)!.spool.dropped).toBeGreaterThanOrEqual(pages[0]!.seq - 1)
    expect(bench.alarms).toContain('spool_full')
  })
})
