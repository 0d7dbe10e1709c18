import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatOrigin } from '@hours/ledger'
import { createManualClock } from '@hours/protocol'
import { pino } from 'pino'
import { afterEach, expect, test, vi } from 'vitest'
import { createIngest } from '../ingest.ts'

const now = Date.UTC(2026, 0, 15)
const dirs: string[] = []
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true })
})

const open = (dataDir: string, haste: boolean) =>
  createIngest({
    ...{ dataDir, clock: createManualClock(now), log: pino({ level: 'silent' }) },
    ...{ logName: 'demo.haste', simulated: true },
    ...(haste
      ? { haste: { survivesPowerCut: false, receiptEveryMs: 1_000, projectAtLeast: () => 64, seldom: 60 } }
      : {}),
  })

test('a log of simulated history that waited for no disk is whole when it is closed', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'year-log-'))
  dirs.push(dir)
  const quick = await open(dir, true)
  const organisation = (id: string) =>
    ({ id, parent: null, kind: 'entity', names: { en: id }, from: now }) as never
  // Some publishes of some records each, so that bundles and tiles of two levels are filled on the way.
  for (let i = 0; i < 30; i++)
    await quick.recordAll(
      Array.from({ length: 20 }, (_, n) => ({
        kind: 'organisation' as const,
        stream: 'site' as never,
        body: organisation(`o-${i}-${n}`),
      })),
    )
  const size = quick.log.size()
  const root = quick.log.root()
  const checkpoint = quick.log.checkpoint()
  expect(size).toBeGreaterThan(600)
  await quick.close()
  expect(readFileSync(join(dir, 'log', '2026', 'checkpoint'), 'utf8')).toBe(checkpoint)
  const again = await open(dir, false)
  expect([again.log.size(), again.log.root()]).toEqual([size, root])
  expect(again.log.origin(2026)).toBe(formatOrigin('demo.haste', 2026))
  expect([...again.log.entries()]).toHaveLength(size)
  expect(again.index.position()).toEqual({ year: 2026, index: size - 1 })
  await again.close()
})

test('the index follows by as many entries as it is told when they come: a history ends, and live it follows at once', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'year-log-'))
  dirs.push(dir)
  const clock = createManualClock(now)
  let atLeast = 1_000
  const ingest = await createIngest({
    ...{ dataDir: dir, clock, log: pino({ level: 'silent' }), logName: 'demo.haste', simulated: true },
    haste: { survivesPowerCut: false, receiptEveryMs: 1_000, projectAtLeast: () => atLeast, seldom: 60 },
  })
  const before = ingest.index.position()?.index ?? Number.NaN
  const stamp = async () => {
    clock.advanceTo(clock.wall() + 60_000)
    await ingest.stampTime()
  }
  for (let i = 0; i < 5; i++) await stamp()
  expect([ingest.log.size(), ingest.index.position()?.index]).toEqual([before + 6, before])
  atLeast = 1
  await stamp()
  await vi.waitFor(() => expect(ingest.index.position()?.index).toBe(ingest.log.size() - 1))
  await ingest.close()
})

test('haste is refused of a site that is not simulated', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'year-log-'))
  dirs.push(dir)
  const haste = { survivesPowerCut: false, receiptEveryMs: 1_000, projectAtLeast: () => 1, seldom: 1 }
  const options = { dataDir: dir, clock: createManualClock(now), log: pino({ level: 'silent' }) }
  await expect(
    createIngest({ ...options, logName: 'real.hours', simulated: false, haste }),
  ).rejects.toMatchObject({ code: 'bad_option' })
})
