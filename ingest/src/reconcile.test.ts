import { rmSync } from 'node:fs'
import { createManualClock, instrumentKey, type InstrumentId, type PageSpan } from '@hours/protocol'
import { expect, it } from 'vitest'
import {
  createTestGateway,
  enrolmentRecord,
  freshFolder,
  openIngest,
  pageMs,
  site,
  start,
  unitRecord,
} from './ingest.fixture.ts'
import type { SeriesStore, StateDay } from './ports.ts'
import { reconcile } from './reconcile.ts'

const key = instrumentKey(site, 'sem-01' as InstrumentId)
const run: PageSpan[] = [['run', 0, pageMs]]

/** As much of a series store as a comparison reads: daily figures that stand in a list. */
const storeOf = (days: readonly StateDay[]): SeriesStore => ({
  write: () => Promise.resolve(),
  states: () => Promise.resolve([]),
  power: () => Promise.resolve([]),
  latest: () => Promise.resolve([]),
  close: () => Promise.resolve(),
  daily: () =>
    Promise.resolve(
      days.map(({ from, states }) => ({
        key,
        at: from,
        fields: {
          off_ms: states.off,
          standby_ms: states.standby,
          run_ms: states.run,
          fault_ms: states.fault,
        },
      })),
    ),
})

it('names the daily figure that the series store has otherwise, or has not', async () => {
  const dataDir = freshFolder()
  const clock = createManualClock(start)
  const ingest = await openIngest(dataDir, clock)
  const gateway = createTestGateway('gw-1')
  await ingest.recordAll([unitRecord(), ...gateway.records(), enrolmentRecord('gw-1', 'sem-01')])
  clock.advanceTo(start + 700 * pageMs)
  const pages = Array.from({ length: 600 }, () => gateway.page({ 'sem-01': run }))
  await Promise.all(pages.map((payload) => ingest.commit({ topic: gateway.topic, payload })))
  await ingest.settled()
  const days = ingest.index.days([key], start, start + 2 * 288 * pageMs)
  await ingest.close()
  expect(days.map(({ date }) => date)).toEqual(['2026-01-05', '2026-01-06'])

  expect(await reconcile(dataDir, { series: storeOf(days) })).toMatchObject({ compared: 2, differences: [] })
  const edited = days.map((day, i) => (i === 1 ? { ...day, states: { ...day.states, run: 1 } } : day))
  expect((await reconcile(dataDir, { series: storeOf(edited) })).differences).toEqual([
    {
      store: 'series',
      table: 'usage_daily',
      row: 'gz-gibh/sem-01 2026-01-06 run_ms',
      log: String(288 * pageMs),
      found: '1',
    },
  ])
  const { differences } = await reconcile(dataDir, { series: storeOf(days.slice(0, 1)) })
  expect(differences).toMatchObject([{ row: 'gz-gibh/sem-01 2026-01-06', found: 'no such row' }])
  rmSync(dataDir, { recursive: true })
})
