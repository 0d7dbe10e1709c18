import { InstrumentSettings } from '@hours/protocol'
import { describe, expect, it } from 'vitest'
import { calibrate, createCalibrator } from './calibrate.ts'
import type { Sample } from './reading.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const start = Date.UTC(2026, 4, 4)

interface Meter {
  readonly everyMs: number | ((n: number) => number)
  readonly hours: number
}

/** Samples of a machine whose watts hang on the hours since the start. */
function read({ everyMs, hours }: Meter, watts: (hour: number) => number): Sample[] {
  const samples: Sample[] = []
  const step = typeof everyMs === 'number' ? () => everyMs : everyMs
  for (let at = start, n = 0; at < start + hours * HOUR; at += step(n), n++)
    samples.push({ at, powerMw: Math.round(watts((at - start) / HOUR) * (1_000 + ((n * 7) % 11))) })
  return samples
}

/** Off for an hour of six, standby, and two runs of an hour. */
const day = (hour: number): number => {
  if (hour % 6 < 1) return 0
  return (hour % 6 >= 2 && hour % 6 < 3) || (hour % 6 >= 4 && hour % 6 < 5) ? 900 : 200
}
const everyTen = { everyMs: 10_000, hours: 48 }

describe('a proposal', () => {
  it.each([1_000, 10_000, 60_000, 299_000])(
    'of a meter that reads each %i ms can be put in force',
    (everyMs) => {
      const { accepted, reason, thresholds } = calibrate(
        read({ everyMs, hours: everyMs < 10_000 ? 12 : 48 }, day),
      )
      expect(accepted, reason).toBe(true)
      const { dwellMs, holdMs, maxGapMs, plausibleMw, ...levels } = thresholds!
      const times = { dwellMs, holdMs, maxGapMs, plausibleMw: [...plausibleMw] }
      const settings = {
        id: 'sem-01',
        source: { kind: 'tasmota', topic: 'plug-01' },
        thresholds: levels,
        ...times,
      }
      expect(InstrumentSettings.safeParse(settings).error?.issues ?? []).toEqual([])
    },
  )

  it('of a meter that speaks when it likes, once a minute at least, leaves nothing of its silence unknown', () => {
    const irregular = { everyMs: (n: number) => 1_000 * (1 + ((n * 37) % 60)), hours: 48 }
    const { accepted, thresholds, evidence } = calibrate(read(irregular, day))
    expect(accepted).toBe(true)
    expect(thresholds!.maxGapMs).toBeGreaterThanOrEqual(60_000)
    expect(evidence.unknownHours).toBe(0)
    expect(evidence).toMatchObject({ runs: 16 })
  })

  it('takes the cycles of a heater within a run for its work, and those of a waiting machine for rest', () => {
    const heater = (hour: number) => ((hour * 60) % 1 < 0.5 ? 900 : 200)
    const works = calibrate(read(everyTen, (hour) => (day(hour) === 900 ? heater(hour) : day(hour))))
    expect(works.evidence, works.reason).toMatchObject({ flicker: 'run', runs: 16 })
    const waits = calibrate(
      read(everyTen, (hour) => (day(hour) === 200 && (hour * 60) % 5 < 0.25 ? 700 : day(hour))),
    )
    expect(waits.accepted, waits.reason).toBe(true)
    expect(Math.abs((waits.evidence.hours?.run ?? 0) / 16 - 1)).toBeLessThan(0.02)
  })

  it.each([
    ['seldom, and longer than the usual dwell', 585, 40],
    ['so that a slow meter misses every other one', 165, 6],
  ])('tells the pulses of a waiting machine, %s, from runs with dips of 20 s', (_, everyS, longS) => {
    const busy = (hour: number) =>
      day(hour) === 900 && (hour * 3_600) % 230 < 20
        ? 60
        : day(hour) === 200 && (hour * 3_600) % everyS < longS
          ? 800
          : day(hour)
    const { accepted, reason, evidence } = calibrate(read(everyTen, busy))
    expect(accepted, reason).toBe(true)
    expect(evidence.runs).toBe(16)
    expect(Math.abs((evidence.hours?.run ?? 0) / 16 - 1)).toBeLessThan(0.02)
  })
  it('never holds a run over the pause of minutes to the next one, however many dips runs have', () => {
    const dips = (hour: number) =>
      hour % 0.5 < 0.4 ? ((hour * 3_600) % 230 < 20 ? 60 : 900) : hour % 6 < 5 ? 200 : 0
    const { accepted, reason, evidence } = calibrate(read(everyTen, dips))
    expect(accepted, reason).toBe(true)
    expect(evidence.runs).toBe(96)
  })
  it('takes what a clamp shows of nothing for off, beside rest and work', () => {
    const runs = [9, 10, 11, 11.7, 13, 15.2, 16, 16.4, 18, 20]
    const clamp = (hour: number) => {
      if (hour % 24 < 8) return 1.2
      return runs.findLastIndex((edge) => hour % 24 >= edge) % 2 === 0 ? 90 : 20
    }
    const { accepted, reason, levels, evidence } = calibrate(read(everyTen, clamp))
    expect(accepted, reason).toBe(true)
    expect(levels.map(({ means }) => means)).toEqual(['standby', 'standby', 'run'])
    expect(evidence.runs).toBe(10)
  })
})

describe('a refusal', () => {
  const code = (samples: readonly Sample[]) => calibrate(samples).code
  it('is the answer to a machine that only warms up', () => {
    const warming = (hour: number) => (hour % 12 < 4 ? 0 : hour % 12 < 4.5 ? 500 : 200)
    expect(code(read(everyTen, warming))).toBe('one_level')
  })
  it('is the answer to a machine that works at two powers, switched on and off at either', () => {
    const works = (hour: number) => (hour % 12 < 6 ? 0 : Math.floor(hour * 5.3) % 3 === 0 ? 600 : 900)
    expect(code(read(everyTen, works))).toBe('ambiguous')
  })
  it('is the answer to a meter that reads less than each 300 s', () => {
    expect(code(read({ everyMs: 400_000, hours: 200 }, day))).toBe('too_slow')
  })
  it('is the answer to a clamp that is the wrong way round', () => {
    expect(code(read(everyTen, (hour) => -day(hour)))).toBe('reversed')
  })
  it('names both readings where a level may be work or rest, each with its hours', () => {
    const asleep = (hour: number) => (hour % 6 < 2 ? 20 : hour % 6 < 3 || hour % 6 > 5 ? 200 : 900)
    const { accepted, code: why, evidence } = calibrate(read(everyTen, asleep))
    expect({ accepted, why }).toEqual({ accepted: false, why: 'ambiguous' })
    expect(evidence.alternatives?.map(({ hours }) => Math.round(hours))).toEqual([32, 16])
  })
  it('is the answer where over a fifth of the rows could not be read, and each reason is counted', () => {
    const calibrator = createCalibrator()
    for (const [i, sample] of read(everyTen, day).entries()) {
      calibrator.push(sample)
      if (i % 3 === 0) calibrator.reject('bad_power')
    }
    const { code: why, evidence } = calibrator.end()
    expect(why).toBe('unreadable')
    expect(evidence.rejected).toEqual([{ reason: 'bad_power', count: 5_760 }])
    expect(evidence.dropped).toBe(5_760)
  })
  it('is not the answer to one row of another year', () => {
    const samples = read(everyTen, day)
    samples.splice(3_000, 0, { at: Date.UTC(2106, 0, 1), powerMw: 5_000 })
    const { accepted, evidence } = calibrate(samples)
    expect(accepted).toBe(true)
    expect(evidence.rejected).toEqual([{ reason: 'time_jump', count: 1 }])
  })
})
