import { rmSync } from 'node:fs'
import {
  accountablePages,
  createLogReplay,
  type LoggedPage,
  parseRecord,
  type ReplayedPage,
} from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import {
  createManualClock,
  type GatewayId,
  instrumentKey,
  type InstrumentId,
  type PageSpan,
} from '@hours/protocol'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it } from 'vitest'
import {
  createTestGateway,
  enrolmentRecord,
  freshFolder,
  openIngest,
  openTestSite,
  pageMs,
  run,
  site,
  start,
  unitRecord,
} from '../ingest.fixture.ts'
import type { RunningIngest } from '../running-ingest.ts'
import { rebuildIndex } from '../rebuild.ts'
import { reconcile } from '../reconcile.ts'
import { civilDays } from './civil-day.ts'

let dataDir: string
beforeEach(() => {
  dataDir = freshFolder()
})
afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

/** The instrument is moved to the other gateway in the middle of a page, and taken out of service later. */
const border = start + 12 * pageMs + 100_000
const ends = start + 40 * pageMs
const sem = instrumentKey(site, 'sem-01' as InstrumentId)

/** What happens next, and when it reaches the log. */
const step = fc.record({
  gateway: fc.constantFrom(0, 1),
  spans: fc.constantFrom<PageSpan[]>(
    [['run', 0, pageMs]],
    [['off', 0, pageMs]],
    [
      ['standby', 0, 100_000],
      ['run', 100_000, 250_000],
    ],
    [['fault', 50_000, pageMs]],
    [],
  ),
  what: fc.oneof(
    { weight: 40, arbitrary: fc.constant('page') },
    { weight: 20, arbitrary: fc.constantFrom('hold', 'lose', 'twice', 'skip', 'wait') },
    { weight: 1, arbitrary: fc.constant('contradict') },
  ),
  untrusted: fc.boolean(),
  ms: fc.integer({ min: 0, max: 40 }).map((n) => n * 100_000),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** Plays the steps; pages that are held back come in at the end, in reverse order. */
async function play(
  ingest: RunningIngest,
  clock: ReturnType<typeof createManualClock>,
  steps: readonly Step[],
) {
  const gateways = [createTestGateway('gw-1'), createTestGateway('gw-2', start + 130_000)]
  const held: { topic: string; payload: Uint8Array }[] = []
  let last = start
  await ingest.recordAll([
    unitRecord(),
    ...gateways.flatMap((one) => one.records()),
    enrolmentRecord('gw-1', 'sem-01'),
    enrolmentRecord('gw-2', 'sem-01', border, ends),
    enrolmentRecord('gw-1', 'oven-1'),
    enrolmentRecord('gw-2', 'nmr-01'),
  ])
  for (const { gateway: which, spans, what, ms, untrusted } of steps) {
    const gateway = gateways[which]!
    if (what === 'skip') gateway.skip(ms, { 'sem-01': Math.floor(ms / 3) })
    if (what === 'contradict') gateway.rewind()
    if (what === 'wait') clock.advanceTo(clock.wall() + ms)
    const position = ingest.log.size()
    gateway.seen =
      what === 'wait' ? { origin: 'demo.test/2026', size: position, root: ingest.log.root() } : null
    const isOwn = which === 0 ? gateway.at() < border : gateway.at() + pageMs > border && gateway.at() < ends
    const own = { [which === 0 ? 'oven-1' : 'nmr-01']: [], ...(isOwn ? { 'sem-01': spans } : {}) }
    const bad = untrusted && ms > 3_000_000
    const change = bad ? { clock: { source: 'none' as const, offsetMs: 0, errorMs: 0, steppedMs: 0 } } : {}
    const payload = gateway.page(own, change)
    last = Math.max(last + pageMs, clock.wall() + pageMs)
    clock.advanceTo(last)
    const message = { topic: gateway.topic, payload }
    if (what === 'hold') held.push(message)
    else if (what !== 'lose') await ingest.commit(message)
    if (what === 'twice') await ingest.commit(message)
  }
  for (const message of held.reverse()) await ingest.commit(message)
  clock.advanceTo(clock.wall() + 90_000)
  await ingest.commit({ topic: gateways[0]!.topic, payload: gateways[0]!.page({ 'oven-1': [] }) })
  await ingest.settled()
  return clock.wall()
}

/** The log read by the ledger's own rules, which know nothing of the index. */
function readLog(ingest: RunningIngest): LoggedPage[] {
  const replay = createLogReplay({ crypto: nodeCrypto })
  const pages: ReplayedPage[] = []
  for (const { position, bytes } of ingest.log.entries()) {
    const leaf = replay.read(bytes, position)
    if (!leaf.ok) throw new Error(`${position.index}: ${leaf.error.message}`)
    if (leaf.value.type === 'page') pages.push(leaf.value.page)
  }
  return pages.map((page): LoggedPage => {
    const told = replay.judge(page)
    const standing = page.verdict.verdict === 'accept' ? 'accepted' : 'void'
    const judged = { page: page.page, digest: page.digest, standing, class: told.class } as const
    return told.unknown === undefined ? judged : { ...judged, unknown: told.unknown }
  })
}

/** Length of the overlap of two intervals. */
const overlap = (a: { from: number; to: number }, b: { from: number; to: number }) =>
  Math.max(0, Math.min(a.to, b.to) - Math.max(a.from, b.from))

it('the index says what the ledger makes of the log, a rebuild gives every row again', async () => {
  /** What the random schedules have shown, so that the test cannot pass by showing nothing. */
  const seen = new Set<string>()
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 90, size: 'max' }), async (steps) => {
      const folder = freshFolder()
      const clock = createManualClock(start)
      const ingest = await openIngest(folder, clock)
      try {
        const end = await play(ingest, clock, steps)
        const logged = readLog(ingest)
        const accounts = accountablePages(logged.filter(({ page }) => page.site === site))
        const enrolled = [{ from: start, to: ends }]
        const account = accounts.get(sem)
        for (const span of account?.spans ?? []) seen.add(span.why ?? `${span.state} ${span.class}`)
        if ((account?.recovered.length ?? 0) > 0) seen.add('recovered')
        expect(ingest.index.accounted(sem, start - pageMs, end + 3_600_000)).toEqual(account?.spans ?? [])
        const [from, to] = [start - pageMs, end + 3_600_000]
        for (const day of ingest.index.days([sem], from, to)) {
          const window = { from: day.from, to: Math.min(day.to, to) }
          const length = enrolled.reduce((sum, part) => sum + overlap(part, window), 0)
          const sum = Object.values(day.states).reduce((a, b) => a + b, 0)
          expect(sum).toBe(length)
          for (const state of ['off', 'standby', 'run', 'fault'] as const) {
            const wanted = (account?.spans ?? [])
              .filter((span) => span.state === state)
              .reduce((total, span) => {
                const cut = { from: Math.max(span.from, window.from), to: Math.min(span.to, window.to) }
                return total + (cut.to > cut.from ? overlap(cut, enrolled[0]!) : 0)
              }, 0)
            expect(day.states[state]).toBe(wanted)
          }
          expect(day.live + day.late).toBe(sum - day.states.unknown)
          const recovered = (account?.recovered ?? []).filter(
            (gap) => gap.from >= day.from && gap.to <= window.to,
          )
          expect(day.onRecovered).toBe(recovered.reduce((total, gap) => total + gap.onMs, 0))
        }
        expect(civilDays('Asia/Shanghai', start, end).length).toBeGreaterThan(0)
      } finally {
        await ingest.close()
      }
      expect((await reconcile(folder)).differences).toEqual([])
      await rebuildIndex(folder)
      expect((await reconcile(folder)).differences).toEqual([])
      rmSync(folder, { recursive: true })
    }),
    { numRuns: 20, seed: 7 },
  )
  const wanted = ['run live', 'run late', 'off live', 'conflict', 'void', 'clock', 'unsampled', 'recovered']
  expect([...seen]).toEqual(expect.arrayContaining(wanted))
}, 120_000)

it('reconcile names the row that somebody changed', async () => {
  const clock = createManualClock(start)
  const ingest = await openIngest(dataDir, clock)
  await play(ingest, clock, [
    { gateway: 0, spans: [['run', 0, pageMs]], what: 'page', untrusted: false, ms: 0 },
    { gateway: 0, spans: [['run', 0, pageMs]], what: 'page', untrusted: false, ms: 0 },
  ])
  await ingest.close()
  const { DatabaseSync } = await import('node:sqlite')
  const db = new DatabaseSync(`${dataDir}/index.sqlite`)
  db.exec('UPDATE days SET run = run + 3600000')
  db.close()
  const { differences } = await reconcile(dataDir)
  expect(differences.length).toBeGreaterThan(0)
  expect(differences[0]).toMatchObject({ store: 'index', table: 'days' })
  await rebuildIndex(dataDir)
  expect((await reconcile(dataDir)).differences).toEqual([])
})

it('counts what a gateway sent, what is missing and what came late', async () => {
  const { clock, gateway, ingest } = await openTestSite(dataDir)
  const pages = Array.from({ length: 5 }, () => gateway.page({ 'sem-01': run }))
  clock.advanceTo(start + 5 * pageMs + 3_600_000)
  for (const i of [0, 1, 4]) await ingest.commit({ topic: gateway.topic, payload: pages[i]! })
  await ingest.settled()
  expect(ingest.index.gatewayCounts('gw-1' as GatewayId)).toEqual({
    epoch: 0,
    through: 1,
    missing: 2,
    received: 3,
    rejected: 0,
    late: 3,
  })
  expect(ingest.index.pages(sem, start, start + pageMs)).toMatchObject([{ seq: 0, standing: 'accepted' }])
  expect(parseRecord(pages[0]!).ok).toBe(true)
  await ingest.close()
})
