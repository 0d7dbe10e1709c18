import { HOUR, InstrumentSettings } from '@hours/protocol'
import { describe, expect, it } from 'vitest'
import { createSourceWatch } from './source-watch.ts'

const start = Date.UTC(2026, 0, 5)
const settings = InstrumentSettings.parse({
  id: 'sem-01',
  source: { kind: 'tasmota', topic: 'pow1' },
  thresholds: { onStartMw: 5_000, onStopMw: 3_000, runStartMw: 400_000, runStopMw: 300_000 },
  maxGapMs: 90_000,
})

/** A plug read every 20 s for so many hours: what it says, W, and what its counter really counts, W; steps of 10 Wh. */
function plug(hours: number, says: (at: number) => number, draws: ((at: number) => number) | null) {
  const alarms = new Set<string>()
  const watch = createSourceWatch(start, (name, on) => {
    if (on) alarms.add(name)
    else alarms.delete(name)
  })
  let [wh, stuckAt] = [0, Number.NaN]
  for (let at = start; at < start + hours * HOUR; at += 20_000) {
    const powerMw = says(at - start) * 1_000
    const energyMwh = Math.floor(wh / 10) * 10_000
    const sample = draws ? { at, powerMw, energyMwh } : { at, powerMw }
    if (watch.isStuck(settings, 0, sample)) stuckAt = Number.isNaN(stuckAt) ? at : stuckAt
    else stuckAt = Number.NaN
    watch.sample(settings, 0, sample, at)
    watch.check(settings, at)
    wh += (draws?.(at - start) ?? 0) / 180
  }
  const isStuck = alarms.has('source_stuck:sem-01')
  return { isStuck, unknownAfterH: (stuckAt - start) / HOUR }
}

describe('a power that never moves', () => {
  it('at 0 W, while the device’s own counter goes on, is no off', () => {
    const { isStuck, unknownAfterH } = plug(
      4,
      () => 0,
      () => 600,
    )
    expect(isStuck).toBe(true)
    // An hour that may be told late, and 200 Wh.
    expect(unknownAfterH).toBeCloseTo(1.33, 1)
  })
  it('at standby, while the counter says a run, or stands still, is no standby', () => {
    expect(
      plug(
        4,
        () => 41,
        () => 600,
      ),
    ).toMatchObject({ isStuck: true })
    expect(
      plug(
        4,
        () => 41,
        () => 600,
      ).unknownAfterH,
    ).toBeLessThan(1.5)
    expect(
      plug(
        9,
        () => 41,
        () => 0,
      ),
    ).toEqual({ isStuck: true, unknownAfterH: expect.closeTo(6, 1) as number })
  })
  it('at standby without a counter is told, and counted: a coarse meter may say the same for days', () => {
    expect(plug(9, () => 41, null)).toEqual({ isStuck: true, unknownAfterH: Number.NaN })
  })
  it('at 0 W without a counter, or with one that stands still, is a machine that is off', () => {
    expect(plug(9, () => 0, null)).toEqual({ isStuck: false, unknownAfterH: Number.NaN })
    expect(
      plug(
        9,
        () => 0,
        () => 0,
      ),
    ).toEqual({ isStuck: false, unknownAfterH: Number.NaN })
  })
  it('is believed where the counter agrees, and what it tells late is no contradiction', () => {
    expect(
      plug(
        20,
        () => 41,
        () => 41,
      ),
    ).toEqual({ isStuck: false, unknownAfterH: Number.NaN })
    const late = (at: number) => (at > 3 * HOUR && at < 3.5 * HOUR ? 1_600 : 0)
    const run = (at: number) => (at > 2 * HOUR && at < 3 * HOUR ? 800 + (at % 3) : 0)
    expect(plug(9, run, late)).toEqual({ isStuck: false, unknownAfterH: Number.NaN })
  })
  it('is believed again as soon as it moves', () => {
    expect(
      plug(
        4,
        (at) => (at < 3 * HOUR ? 0 : 600 + (at % 7)),
        () => 600,
      ),
    ).toMatchObject({ isStuck: false })
  })
})
