import { cpSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parseRecord } from '@hours/ledger'
import { createManualClock, decodeReceipt, instrumentKey, type InstrumentId } from '@hours/protocol'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import {
  closeTestSite,
  freshFolder,
  openIngest,
  openTestSite,
  pageMs,
  run,
  site,
  start,
  type TestSite,
} from './ingest.fixture.ts'
import { createIngest } from './ingest.ts'
import { reconcile } from './reconcile.ts'
import { pino } from 'pino'

const key = instrumentKey(site, 'sem-01' as InstrumentId)
const year = '2026'

let dataDir: string
let clock: TestSite['clock']
let gateway: TestSite['gateway']
let ingest: TestSite['ingest']

beforeEach(async () => {
  ;({ dataDir, clock, gateway, ingest } = await openTestSite())
  clock.advanceTo(start + 20 * pageMs)
})
afterEach(() => closeTestSite({ dataDir, ingest }))

const send = (payload: Uint8Array) => ingest.commit({ topic: gateway.topic, payload })

it('when the disk fails there is no acknowledgement, and the same pages go through afterwards', async () => {
  await send(gateway.page({ 'sem-01': run }))
  const pages = [1, 2, 3].map(() => gateway.page({ 'sem-01': run }))
  const entries = join(dataDir, 'log', year, 'tile', 'entries')
  renameSync(entries, `${entries}-away`)
  writeFileSync(entries, 'not a directory')
  const results = await Promise.allSettled(pages.map(send))
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  rmSync(entries)
  renameSync(`${entries}-away`, entries)
  for (const page of pages) await send(page)
  await ingest.settled()
  expect(ingest.quarantine.count()).toBe(0)
  expect(ingest.index.spans(key, start, start + 4 * pageMs)).toEqual([
    { state: 'run', from: start, to: start + 4 * pageMs },
  ])
})

it('an operations store that takes nothing is an alarm and not the end, and is written when it can be', async () => {
  const other = new DatabaseSync(join(dataDir, 'operations.sqlite'))
  const stored = () => other.prepare('SELECT size FROM heads').get()?.['size']
  await send(gateway.page({ 'sem-01': run }))
  // Stands for a full disk: every write of the store throws.
  other.exec("CREATE TRIGGER full BEFORE INSERT ON heads BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END")
  clock.advanceTo(clock.wall() + 5_000)
  expect(ingest.health().reasons.join()).toMatch(/sizes of the log: .*disk I\/O error.*free space/)
  other.exec('DROP TRIGGER full')
  clock.advanceTo(clock.wall() + 5_000)
  expect(ingest.health()).toEqual({ ok: true, reasons: [] })
  expect(stored()).toBe(ingest.log.size())
  other.close()
})

it('refuses a data folder whose log was put back from a backup, because the index and operations know better', async () => {
  await send(gateway.page({ 'sem-01': run }))
  await ingest.settled()
  await ingest.close()
  const backup = freshFolder()
  cpSync(join(dataDir, 'log'), backup, { recursive: true })
  ingest = await openIngest(dataDir, clock)
  await send(gateway.page({ 'sem-01': run }))
  await ingest.close()
  rmSync(join(dataDir, 'log'), { recursive: true })
  cpSync(backup, join(dataDir, 'log'), { recursive: true })
  await expect(openIngest(dataDir, clock)).rejects.toMatchObject({ code: 'log_rolled_back' })
  for (const end of ['', '-wal', '-shm']) rmSync(join(dataDir, `index.sqlite${end}`), { force: true })
  await expect(openIngest(dataDir, clock)).rejects.toMatchObject({ code: 'log_rolled_back' })
  for (const end of ['', '-wal', '-shm']) rmSync(join(dataDir, `operations.sqlite${end}`), { force: true })
  ingest = await openIngest(dataDir, clock)
  rmSync(backup, { recursive: true })
})

it('an index that is thrown away is made again at the start', async () => {
  for (let i = 0; i < 5; i++) await send(gateway.page({ 'sem-01': run }))
  await ingest.settled()
  const days = ingest.index.days([key], start, clock.wall())
  await ingest.close()
  for (const end of ['', '-wal', '-shm']) rmSync(join(dataDir, `index.sqlite${end}`), { force: true })
  ingest = await openIngest(dataDir, clock)
  expect(ingest.index.days([key], start, clock.wall())).toEqual(days)
})

it('a gateway that has verified more of the log than there is raises the alarm', async () => {
  gateway.seen = { origin: 'demo.test/2026', size: 5_000, root: 'A'.repeat(43) + '=' }
  await send(gateway.page({ 'sem-01': run }))
  expect(ingest.health()).toMatchObject({ ok: false })
  expect(ingest.health().reasons[0]).toMatch(/gw-1.*size 5000/)
})

it('names a log and a simulation that do not belong together, and keys of which one is lost', async () => {
  const options = { dataDir, clock, log: pino({ level: 'silent' }) }
  await expect(createIngest({ ...options, logName: 'real.hours', simulated: true })).rejects.toMatchObject({
    code: 'bad_option',
  })
  await expect(createIngest({ ...options, logName: 'demo.test', simulated: false })).rejects.toMatchObject({
    code: 'bad_option',
  })
  await ingest.close()
  renameSync(join(dataDir, 'keys', 'log.pem'), join(dataDir, 'keys', 'log.old'))
  await expect(openIngest(dataDir, clock)).rejects.toMatchObject({ code: 'bad_key' })
  renameSync(join(dataDir, 'keys', 'log.old'), join(dataDir, 'keys', 'log.pem'))
  ingest = await openIngest(dataDir, clock)
})

it('a time record follows the pages within a minute, though nothing else arrives', async () => {
  await send(gateway.page({ 'sem-01': run }))
  await ingest.settled()
  const from = clock.wall()
  await send(gateway.page({ 'sem-01': run }))
  const [, before] = ingest.index.pages(key, start, start + 2 * pageMs)
  expect(before?.arrival ?? null).toBeNull()
  await vi.waitFor(async () => {
    clock.advanceTo(clock.wall() + 10_000)
    await ingest.settled()
    expect(ingest.index.pages(key, start, start + 2 * pageMs)[1]?.arrival ?? null).not.toBeNull()
  })
  const arrival = ingest.index.pages(key, start, start + 2 * pageMs)[1]?.arrival ?? 0
  expect(arrival - from).toBeLessThanOrEqual(70_000)
  expect(arrival).toBeGreaterThanOrEqual(from)
  const size = ingest.log.size()
  clock.advanceTo(clock.wall() + 600_000)
  expect([ingest.log.size(), ingest.log.queued()]).toEqual([size, 0])
})

it('over the turn of the year the new log opens with the end of the old one, and nothing is counted twice', async () => {
  const turn = Date.UTC(2027, 0, 1)
  gateway.skip(turn - 2 * pageMs - gateway.at())
  // Opened anew by a clock of then: one that is moved there keeps house for every second of the year.
  await ingest.close()
  clock = createManualClock(turn - 3 * pageMs)
  ingest = await openIngest(dataDir, clock)
  const receipts: string[] = []
  ingest.attach((_topic, payload) => {
    const record = parseRecord(payload as Uint8Array)
    const receipt = record.ok ? decodeReceipt(record.value.payload) : undefined
    if (receipt?.ok) receipts.push(receipt.value.checkpoint.split('\n')[0] ?? '')
    return Promise.resolve()
  })
  for (let i = 0; i < 4; i++) {
    const page = gateway.page({ 'sem-01': run })
    clock.advanceTo(gateway.at() + 1_000)
    await send(page)
    await send(page)
  }
  await ingest.settled()
  await vi.waitFor(() => {
    clock.advanceTo(clock.wall() + 1_000)
    expect(new Set(receipts)).toEqual(new Set(['demo.test/2026', 'demo.test/2027']))
  })
  expect(ingest.log.years()).toEqual([2026, 2027])
  const [opening] = ingest.registry.records('opening').slice(1)
  const size = ingest.log.size(2026)
  expect(opening?.record.previous).toEqual({ origin: 'demo.test/2026', size, root: ingest.log.root(2026) })
  const [from, to] = [turn - 2 * pageMs, turn + 2 * pageMs]
  expect(ingest.index.spans(key, from, to)).toEqual([{ state: 'run', from, to }])
  expect(ingest.index.gatewayCounts(gateway.id)).toMatchObject({ through: 3, missing: 0, received: 4 })
  await ingest.close()
  expect((await reconcile(dataDir)).differences).toEqual([])
  ingest = await openIngest(dataDir, clock)
  expect(ingest.index.spans(key, from, to)).toEqual([{ state: 'run', from, to }])
})
