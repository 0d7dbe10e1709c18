import { DAY, HOUR, type InstrumentSettings } from '@hours/protocol'
import { expect, it } from 'vitest'
import { createCalibrationWatch } from './calibration-watch.ts'
import { openSpool } from './spool.ts'

const start = Date.UTC(2026, 0, 5)
const openMemory = () => openSpool(':memory:', { maxBytes: 64_000_000, maxAgeDays: 30 }, () => start)
const settings = {
  id: 'sem-01',
  thresholds: { onStartMw: 20_000, onStopMw: 15_000, runStartMw: 900_000, runStopMw: 800_000 },
} as InstrumentSettings

/** Off at night, ready by day at 310 W, three runs of an hour at 800 W. */
function watts(at: number): number {
  const hour = (at % DAY) / HOUR
  if (hour < 8 || hour > 19) return 0.6
  const noise = 1 + 0.04 * Math.sin(at / 7_001)
  return (Math.floor(hour) % 3 === 0 ? 800 : 310) * noise
}

function feed(watch: ReturnType<typeof createCalibrationWatch>, from: number, to: number): void {
  for (let at = from; at < to; at += 10_000) {
    watch.sample('sem-01', { at, powerMw: Math.round(watts(at) * 1_000) })
    if (at % HOUR === 0) watch.turn([settings], at)
  }
}

it('proposes after seven days, once a day, what lies between the levels it saw, and says that it differs', () => {
  const watch = createCalibrationWatch(openMemory())
  feed(watch, start, start + 6.9 * DAY)
  expect(watch.proposals().size).toBe(0)
  feed(watch, start + 6.9 * DAY, start + 8.2 * DAY)
  const proposal = watch.proposals().get('sem-01')
  expect(proposal).toMatchObject({
    differs: true,
    reason: expect.stringMatching(/standby at most 3\d\d/) as string,
  })
  expect(proposal?.settings).toMatchObject({
    maxGapMs: 30_000,
    plausibleMw: [expect.any(Number), expect.any(Number)],
  })
  expect(proposal?.settings?.thresholds.runStartMw).toBeGreaterThan(330_000)
  expect(proposal?.settings?.thresholds.runStartMw).toBeLessThan(760_000)
  expect((proposal?.at ?? 0) - start).toBeLessThanOrEqual(8 * DAY)
})

it('differs from what is in force by a level or a time of debouncing, and no more once it was accepted', () => {
  const proposed = (inForce: InstrumentSettings) => {
    const watch = createCalibrationWatch(openMemory())
    for (let at = start; at < start + 8.1 * DAY; at += 10_000) {
      watch.sample('sem-01', {
        at,
        powerMw: Math.floor(at / HOUR) % 3 === 0 ? 900_000 : 300_000 + (at % 7_000),
      })
      if (at % HOUR === 0) watch.turn([inForce], at)
    }
    return watch.proposals().get('sem-01')!
  }
  const accepted = { ...settings, ...proposed(settings).settings } as InstrumentSettings
  const holdMs = 2 * (accepted.holdMs ?? 0) + 10_000
  expect([proposed(accepted), proposed({ ...accepted, holdMs })].map(({ differs }) => differs)).toEqual([
    false,
    true,
  ])
})

it('goes on over a restart with what the spool kept, and forgets what is older than two weeks', () => {
  const spool = openMemory()
  feed(createCalibrationWatch(spool), start, start + 5 * DAY)
  const watch = createCalibrationWatch(spool)
  feed(watch, start + 5 * DAY, start + 20 * DAY)
  expect(watch.proposals().get('sem-01')?.settings).not.toBeNull()
  const hours = spool.sketches('sem-01').map(({ hour }) => hour)
  expect((hours.at(-1) ?? 0) - (hours[0] ?? 0)).toBeLessThanOrEqual(15 * DAY)
})

it('refuses with a reason where the instrument never ran', () => {
  const watch = createCalibrationWatch(openMemory())
  for (let at = start; at < start + 8.1 * DAY; at += 10_000) {
    watch.sample('sem-01', { at, powerMw: 300_000 + (at % 7_000) })
    if (at % HOUR === 0) watch.turn([settings], at)
  }
  expect(watch.proposals().get('sem-01')).toMatchObject({
    settings: null,
    differs: false,
    reason: expect.stringMatching(/only one powered level/) as string,
  })
})

it('where nothing is to be read it keeps what a later watch proposes from at once, and no more than two weeks of it', () => {
  const spool = openMemory()
  const history = createCalibrationWatch(spool, false)
  feed(history, start, start + 20 * DAY)
  expect(history.proposals().size).toBe(0)
  const hours = spool.sketches('sem-01').map(({ hour }) => hour)
  expect((hours.at(-1) ?? 0) - (hours[0] ?? 0)).toBeLessThanOrEqual(15 * DAY)
  const watch = createCalibrationWatch(spool)
  watch.turn([settings], start + 20 * DAY)
  expect(watch.proposals().get('sem-01')?.settings).not.toBeNull()
})
