import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { detect, fillUnknown } from './detect.ts'
import { createDetector } from './detector.ts'
import { type DetectorSettings, type DetectorState, type KnownSpan, sealDelayMs } from './detector-state.ts'
import type { Sample } from './reading.ts'

const watts = (w: number) => w * 1_000
const settings: DetectorSettings = {
  thresholds: {
    onStartMw: watts(10),
    onStopMw: watts(5),
    runStartMw: watts(100),
    runStopMw: watts(80),
  },
  dwellMs: 30_000,
  maxGapMs: 60_000,
}

/** Samples every `step` s from 0: one power in W for each. */
const series = (step: number, ...powers: number[]): Sample[] =>
  powers.map((w, i) => ({ at: i * step * 1_000, powerMw: watts(w) }))
const times = (n: number, w: number): number[] => Array.from({ length: n }, () => w)
const short = (spans: readonly { state: string; from: number; to: number }[]) =>
  spans.map((s) => `${s.state} ${s.from / 1_000}..${s.to / 1_000}`)
const spansOf = (samples: Sample[], change: Partial<DetectorSettings> = {}) =>
  short(detect(samples, { ...settings, ...change }, { from: samples[0]!.at, to: samples.at(-1)!.at }).spans)

describe('detector', () => {
  it('dates a confirmed change back to when it began', () => {
    expect(spansOf(series(10, ...times(6, 0), ...times(6, 500), ...times(6, 50)))).toEqual([
      'off 0..60',
      'run 60..120',
      'standby 120..170',
    ])
  })
  it('counts a change that holds for exactly the dwell and drops one that is a sample shorter', () => {
    expect(spansOf(series(10, ...times(6, 50), ...times(3, 500), ...times(6, 50)))).toEqual([
      'standby 0..60',
      'run 60..90',
      'standby 90..140',
    ])
    expect(spansOf(series(10, ...times(6, 50), ...times(2, 500), ...times(6, 50)))).toEqual([
      'standby 0..130',
    ])
  })
  it('keeps a start and a stop level apart: power between them changes nothing', () => {
    expect(spansOf(series(30, 50, 50, 90, 90, 101, 101, 90, 90, 79, 79, 7, 7, 4, 4))).toEqual([
      'standby 0..120',
      'run 120..240',
      'standby 240..360',
      'off 360..390',
    ])
  })
  it('bridges a dip in run that is shorter than the hold and ends run at a dip as long as it', () => {
    const dip = (n: number) => series(10, ...times(6, 500), ...times(n, 50), ...times(6, 500))
    expect(spansOf(dip(11), { holdMs: 120_000 })).toEqual(['run 0..220'])
    expect(spansOf(dip(12), { holdMs: 120_000 })).toEqual(['run 0..60', 'standby 60..180', 'run 180..230'])
  })
  it('does not let a pulse that begins a recording be held on to', () => {
    const pulses = Array.from({ length: 10 }, () => [500, ...times(5, 50)]).flat()
    expect(spansOf(series(10, ...pulses), { holdMs: 300_000 })).toEqual(['run 0..10', 'standby 10..590'])
  })
  it('knows a gap of exactly maxGap and leaves one of a millisecond more unknown from the last sample on', () => {
    const at = (...all: number[]) => all.map((t) => ({ at: t, powerMw: watts(50) }))
    expect(spansOf(at(0, 60_000))).toEqual(['standby 0..60'])
    expect(spansOf(at(0, 10_000, 70_001, 80_000))).toEqual([
      'standby 0..10',
      'unknown 10..70.001',
      'standby 70.001..80',
    ])
  })
  it('lets what was seen stand where a hole cuts a change off', () => {
    const samples = [...series(10, 50, 50, 50, 50, 500, 500), { at: 200_000, powerMw: watts(50) }]
    expect(spansOf(samples)).toEqual(['standby 0..40', 'run 40..50', 'unknown 50..200'])
  })
  it('rejects implausible, repeated and late readings by name and takes none of them for power', () => {
    const detector = createDetector({ ...settings, plausibleMw: [0, watts(4_000)] })
    const answers = [
      { at: 1_000, powerMw: watts(50) },
      { at: 1_000, powerMw: watts(900) },
      { at: 500, powerMw: watts(50) },
      { at: 2_000, powerMw: -1_000 },
      { at: 3_000, powerMw: watts(9_999) },
      { at: 4_000, powerMw: Number.NaN },
      { at: 4_000.5, powerMw: watts(50) },
      { at: 5_000, energyMwh: 5 },
    ].map((sample) => detector.push(sample).rejected)
    expect(answers).toEqual([
      undefined,
      'duplicate_time',
      'out_of_order',
      'implausible',
      'implausible',
      'implausible',
      'bad_time',
      undefined,
    ])
    expect(detector.counts()).toEqual({
      samples: 1,
      rejected: { duplicate_time: 1, out_of_order: 1, implausible: 3, bad_time: 1 },
    })
  })
  it('calls power that is fed back unknown, not off: a clamp the wrong way round measures no idle instrument', () => {
    const reversed = series(10, ...times(6, 50), ...times(12, -900), ...times(6, 50))
    expect(spansOf(reversed)).toEqual(['standby 0..50', 'unknown 50..180', 'standby 180..230'])
    const detector = createDetector(settings)
    expect(detector.push({ at: 0, powerMw: watts(-900) }).rejected).toBe('negative_power')
    expect(detector.push({ at: 0, powerMw: -5_001 }).rejected).toBe('negative_power')
    expect(detector.push({ at: 0, powerMw: -5_000 }).rejected).toBeUndefined()
  })
  it('takes the error of a large meter at no load for off', () => {
    const thresholds = { ...settings.thresholds, runStartMw: watts(4_000), runStopMw: watts(3_000) }
    expect(spansOf(series(10, ...times(12, -40)), { thresholds })).toEqual(['off 0..110'])
  })
  it('shows fault only while powered, and a closed run contact as run whatever the power', () => {
    const say = (i: number, w: number, contact: object): Sample => ({
      at: i * 30_000,
      powerMw: watts(w),
      contact,
    })
    const samples = [
      say(0, 0, { fault: true }),
      say(1, 50, { fault: true }),
      say(2, 50, { fault: false }),
      say(3, 50, { run: true }),
      say(4, 50, { run: false }),
      say(5, 50, {}),
    ]
    expect(spansOf(samples)).toEqual([
      'off 0..30',
      'fault 30..60',
      'standby 60..90',
      'run 90..120',
      'standby 120..150',
    ])
  })
  it('reads a source that has only contacts', () => {
    const say = (i: number, run: boolean): Sample => ({ at: i * 30_000, contact: { run } })
    expect(spansOf([say(0, false), say(1, true), say(2, true), say(3, false), say(4, false)])).toEqual([
      'off 0..30',
      'run 30..90',
      'off 90..120',
    ])
  })
  it('leaves a hole where a machine says itself that it cannot be watched, however short', () => {
    const run = series(10, ...times(12, 500))
    const lost: Sample = { at: 55_000, lost: true }
    expect(spansOf([...run.slice(0, 6), lost, lost, ...run.slice(7)])).toEqual([
      'run 0..50',
      'unknown 50..70',
      'run 70..110',
    ])
    const detector = createDetector(settings)
    for (const sample of run.slice(0, 6)) detector.push(sample)
    expect(detector.push(lost).transitions.map(({ state, since }) => [state, since])).toEqual([
      ['unknown', 50_000],
    ])
    expect(detector.push(lost).transitions).toEqual([])
  })
  it('tells the live view of each change once, back-dated, and of silence', () => {
    const detector = createDetector(settings)
    const seen = series(10, ...times(4, 0), ...times(5, 500)).flatMap(
      (sample) => detector.push(sample).transitions,
    )
    expect(seen.map((t) => [t.state, t.since / 1_000, t.at / 1_000])).toEqual([
      ['off', 0, 0],
      ['run', 40, 70],
    ])
    expect(detector.tick(140_000)).toEqual([])
    expect(detector.tick(140_001)).toEqual([{ state: 'unknown', since: 80_000, at: 140_001, why: 'silent' }])
    expect(detector.push({ at: 150_000, powerMw: 0 }).transitions).toMatchObject([
      { state: 'off', since: 150_000 },
    ])
  })
  it('refuses spans that are not final yet, and settings that contradict', () => {
    const detector = createDetector(settings)
    expect(() => detector.spansUntil(1_000, 60_000)).toThrow(/final at 61000/)
    const thresholds = { ...settings.thresholds, runStopMw: watts(200) }
    expect(() => createDetector({ ...settings, thresholds })).toThrow(/runStop <= runStart/)
  })
  it('refuses a sample that would change what is sealed, and none besides', () => {
    const detector = createDetector(settings)
    for (const sample of series(10, 50, 50, 50, 50)) detector.push(sample)
    expect(short(detector.spansUntil(60_000, 120_000))).toEqual(['standby 0..30'])
    expect(detector.push({ at: 90_000, powerMw: watts(50) }).rejected).toBe('late')
    expect(detector.push({ at: 90_001, powerMw: watts(50) }).rejected).toBeUndefined()
  })
})

const power = fc.constantFrom(0, 3, 7, 20, 50, 79, 90, 100, 500, 5_000).map(watts)
const step = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 25_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, -5_000, 60_000, 60_001) },
  { weight: 1, arbitrary: fc.integer({ min: 60_001, max: 900_000 }) },
)
const recording = fc
  .array(
    fc.tuple(step, power, fc.option(fc.record({ run: fc.boolean(), fault: fc.boolean() }), { freq: 8 })),
    {
      minLength: 1,
      maxLength: 250,
    },
  )
  .map((rows) => {
    let at = 1_000_000
    return rows.map(([by, powerMw, contact]): Sample => {
      at += by
      return contact ? { at, powerMw, contact } : { at, powerMw }
    })
  })
const settingsOf = fc.record({
  dwellMs: fc.constantFrom(0, 1, 10_000, 30_000, 90_000),
  holdMs: fc.constantFrom(undefined, 0, 30_000, 300_000),
  maxGapMs: fc.constantFrom(5_000, 60_000, 300_000),
})

/** Pages of random lengths, each sealed as late as it must be, with a checkpoint through JSON after each. */
function paged(samples: readonly Sample[], s: DetectorSettings, lengths: readonly number[]): KnownSpan[] {
  const known: KnownSpan[] = []
  let detector = createDetector(s)
  let to = 900_000
  let next = 0
  const end = Math.max(...samples.map((sample) => sample.at))
  for (let page = 0; to < end; page++) {
    to += lengths[page % lengths.length]!
    // Messages arrive in the order they were sent; a sample is there when its own time has come.
    while (next < samples.length && samples[next]!.at <= to + sealDelayMs(s)) detector.push(samples[next++]!)
    known.push(...detector.spansUntil(to))
    detector = createDetector(s, JSON.parse(JSON.stringify(detector.checkpoint())) as DetectorState)
  }
  for (; next < samples.length; next++) detector.push(samples[next]!)
  return [...known, ...detector.finish()]
}

describe('detector properties', () => {
  it('gives the same spans however a recording is cut into pages and restarts', () => {
    fc.assert(
      fc.property(
        recording,
        settingsOf,
        fc.array(fc.integer({ min: 1, max: 400_000 }), { minLength: 1, maxLength: 6 }),
        (samples, change, lengths) => {
          const s = { ...settings, ...change }
          const window = { from: 0, to: Math.max(...samples.map((sample) => sample.at)) + 1 }
          const whole = detect(samples, s, window).spans
          expect(fillUnknown(paged(samples, s, lengths), window.from, window.to)).toEqual(whole)
        },
      ),
      { numRuns: 400 },
    )
  })
  it('knows exactly the time between accepted samples no further apart than maxGap', () => {
    fc.assert(
      fc.property(recording, settingsOf, (samples, change) => {
        const s = { ...settings, ...change }
        let last: number | undefined
        let expected = 0
        for (const { at } of samples) {
          if (last !== undefined && at <= last) continue
          if (last !== undefined && at - last <= s.maxGapMs) expected += at - last
          last = at
        }
        const { spans } = detect(samples, s, { from: 0, to: last! })
        const known = spans.filter((span) => span.state !== 'unknown')
        expect(known.reduce((sum, span) => sum + span.to - span.from, 0)).toBe(expected)
      }),
      { numRuns: 200 },
    )
  })
  it('leaves no run or pause shorter than dwell and hold but where a hole or an end cuts it', () => {
    fc.assert(
      fc.property(recording, (samples) => {
        const plain = samples.map(({ at, powerMw }) => ({ at, powerMw: powerMw! }))
        const { spans } = detect(plain, settings, { from: 0, to: Math.max(...plain.map((p) => p.at)) })
        for (const [i, span] of spans.entries()) {
          const inside = spans[i - 1]?.state === 'standby' && spans[i + 1]?.state === 'standby'
          const first = spans.slice(0, i).findLastIndex((one) => one.state === 'unknown')
          // Before anything has held after a hole, what was seen stands: skip that first stretch.
          const settled = spans.slice(first + 1, i).some((one) => one.to - one.from >= 30_000)
          if (span.state === 'run' && inside && settled)
            expect(span.to - span.from).toBeGreaterThanOrEqual(30_000)
        }
      }),
      { numRuns: 200 },
    )
  })
})
