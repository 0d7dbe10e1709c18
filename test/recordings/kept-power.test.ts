import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openOperations } from '@hours/ingest'
import { DAY, HOUR, type InstrumentKey, MINUTE, type PowerMinute } from '@hours/protocol'
import type { Calibration, Replay } from '@hours/sensing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createPowerStore } from '../../ingest/src/power-store.ts'

const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'hours-kept-'))
/** The academic year 2024 in Shanghai. */
const start = Date.UTC(2024, 7, 31, 16)
const days = 365
const key = 'gz-gibh/sem-01' as InstrumentKey
const off = 400
const standby = 60_000
const run = 900_000
/** Nobody measured: an outage of a day and a half. */
const hole = { from: start + 100 * DAY + 7 * HOUR, to: start + 101 * DAY + 19 * HOUR }

/** Some number in [0, 1) that is the same each time. */
function chances(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state / 2_147_483_648
  }
}

interface Step {
  readonly at: number
  readonly mw: number
}

/** Each day switched on for some hours, with runs of 10 to 100 minutes; edges at any second. */
function plan(): { steps: Step[]; runs: { from: number; to: number }[] } {
  const chance = chances(7)
  const seconds = (least: number, most: number) => Math.round(least + chance() * (most - least)) * 1_000
  const steps: Step[] = [{ at: start, mw: off }]
  const runs: { from: number; to: number }[] = []
  for (let day = 0; day < days; day++) {
    let at = start + day * DAY + seconds(6 * 3_600, 9 * 3_600)
    steps.push({ at, mw: standby })
    for (let n = 0; n < 4; n++) {
      const from = at + seconds(300, 3_600)
      const to = from + seconds(600, 6_000)
      steps.push({ at: from, mw: run }, { at: to, mw: standby })
      runs.push({ from, to })
      at = to
    }
    steps.push({ at: at + seconds(300, 3_600), mw: off })
  }
  return { steps, runs }
}

/** What an ingest is sent of it: least, mean and most of each minute. */
function minutesOf(steps: readonly Step[]): PowerMinute[] {
  let k = 0
  return Array.from({ length: (days * DAY) / MINUTE }, (_, i): PowerMinute => {
    const [from, to] = [start + i * MINUTE, start + (i + 1) * MINUTE]
    if (from >= hole.from && from < hole.to) return null
    while ((steps[k + 1]?.at ?? Infinity) <= from) k += 1
    let [least, most, sum] = [Infinity, -Infinity, 0]
    for (let j = k; j < steps.length && (steps[j]?.at ?? 0) < to; j++) {
      const { at, mw } = steps[j]!
      const ms = Math.min(to, steps[j + 1]?.at ?? Infinity) - Math.max(from, at)
      ;[least, most, sum] = [Math.min(least, mw), Math.max(most, mw), sum + mw * ms]
    }
    return [least, Math.round(sum / MINUTE), most]
  })
}

const { steps, runs } = plan()
beforeAll(() => {
  const db = openOperations(join(folder, 'operations.sqlite'))
  const store = createPowerStore(db, { wall: () => start + days * DAY })
  store.put(key, start, minutesOf(steps), null)
  // A flush packs 64 days.
  for (let i = 0; i < 8; i++) store.flush()
  db.close()
})
afterAll(() => rmSync(folder, { recursive: true }))

const call = (...args: string[]) =>
  spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', 'hours.ts', ...args], {
    ...{ cwd: root, encoding: 'utf8', env: { ...process.env, INIT_CWD: folder } },
  })
const kept = (period: string) => [
  ...['--data', folder, '--instrument', key, '--period', period, '--zone', 'Asia/Shanghai', '--json'],
]

it('an assessment year is worked out again from the minutes a site has kept, every run of it', () => {
  const levels = ['--on', '5', '--run', '400', '--run-stop', '300', '--dwell', '30']
  const done = call('replay', ...kept('AY2024'), ...levels)
  expect(done.stderr).not.toMatch(/Error/)
  const replay = JSON.parse(done.stdout) as Replay
  const seen = runs.filter(({ from, to }) => to <= hole.from || from >= hole.to)
  const known = replay.runs.filter(({ from, to }) => to <= hole.from - MINUTE || from >= hole.to)
  expect(known.length).toBe(seen.length)
  for (const [i, one] of known.entries()) {
    // A mean is told to the mW, and a mW of 840 W is a tenth of a ms.
    expect(Math.abs(one.from - seen[i]!.from)).toBeLessThanOrEqual(1)
    expect(Math.abs(one.to - seen[i]!.to)).toBeLessThanOrEqual(1)
  }
  const holeMs = hole.to - hole.from
  expect(replay.states.unknown - holeMs).toBeGreaterThanOrEqual(0)
  expect(replay.states.unknown - holeMs).toBeLessThanOrEqual(20_000)
  expect(replay.days.length).toBe(days)
})

it('thresholds are found out of a month of kept minutes', () => {
  const done = call('calibrate', ...kept('2024-10'))
  const { accepted, thresholds } = JSON.parse(done.stdout) as Calibration
  expect([done.status, accepted]).toEqual([0, true])
  expect(thresholds?.runStartMw).toBeGreaterThan(100_000)
  expect(thresholds?.runStartMw).toBeLessThan(900_000)
})

it('says what is missing: a period, an instrument with power, columns', () => {
  const said = (...args: string[]) => {
    const { status, stderr } = call('replay', ...args)
    return `${status} ${stderr}`
  }
  expect(said('--data', folder, '--instrument', key)).toMatch(/^2 .*--period/s)
  expect(said('--data', folder, '--instrument', 'gz/x', '--period', '2024')).toMatch(
    /^2 .*one of gz-gibh\/sem-01/s,
  )
  expect(said('x.csv')).toMatch(/^2 .*--time and --power/s)
})
