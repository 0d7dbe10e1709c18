import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import type { Span } from '@hours/protocol'
import { beforeAll, describe, expect, it } from 'vitest'
import { replayRecording } from '../../cli/recorded.ts'
import { settingsOf } from '../../cli/replay-options.ts'
import {
  dishwasher,
  haveRecordings,
  projector,
  projectorHours,
  xavier,
  xavierFile,
  xavierLabels,
} from './shared.ts'

const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0)

describe.skipIf(!haveRecordings)('replay of the labelled load (mlperf-xavier, --run 15 --max-gap 5)', () => {
  const spans: Span[] = []
  let replay: Awaited<ReturnType<typeof replayRecording>>
  beforeAll(async () => {
    const recording = xavier()
    const settings = settingsOf({ run: 15, maxGap: 5 }, recording.intervalMs)
    replay = await replayRecording(recording, settings, 'UTC', (span) => spans.push(span))
  })

  it('finds the 190 runs, each within 5 s of its label', () => {
    const labels = xavierLabels()
    expect(replay.runs).toHaveLength(190)
    const errors = replay.runs.flatMap((run, i) => [run.from - labels[i]!.from, run.to - labels[i]!.to])
    expect(Math.max(...errors.map(Math.abs))).toBeLessThanOrEqual(5_000)
  })
  it('comes within 0.2 % of the 31.6675 labelled hours', () => {
    expect(Math.abs(replay.states.run / 3_600_000 / 31.6675 - 1)).toBeLessThan(0.002)
    expect(sum(replay.runs.map((run) => run.to - run.from))).toBe(replay.states.run)
  })
  it('leaves every hole over 5 s unknown, from the last sample to the next, and nothing else', async () => {
    const holes: [number, number][] = []
    let last: number | undefined
    await xavier().read((row) => {
      if (typeof row === 'string') throw new Error(row)
      if (last !== undefined && row.at - last > 5_000) holes.push([last, row.at])
      last = row.at
    })
    expect(spans.filter((span) => span.state === 'unknown').map(({ from, to }) => [from, to])).toEqual(holes)
    expect(holes.length).toBeGreaterThan(150)
  })
  it('splits the runs over midnight by day and accounts for every ms of each day', () => {
    const midnights = ['2021-02-27', '2021-02-28', '2021-03-02'].map((date) => Date.parse(date))
    for (const at of midnights)
      expect(replay.runs.filter((run) => run.from < at && run.to > at)).toHaveLength(1)
    expect(replay.days.map(({ date, states }) => [date, sum(Object.values(states))])).toEqual([
      ['2021-02-26', Date.parse('2021-02-27') - replay.period[0]],
      ['2021-02-27', 86_400_000],
      ['2021-02-28', 86_400_000],
      ['2021-03-01', 86_400_000],
      ['2021-03-02', replay.period[1] - Date.parse('2021-03-02')],
    ])
    expect(sum(Object.values(replay.states))).toBe(replay.period[1] - replay.period[0])
  })
  it('prints the same as JSON on the command line', () => {
    const root = join(import.meta.dirname, '../..')
    const columns = ['--time', 'time_local', '--power', 'watts', '--run', '15', '--max-gap', '5', '--json']
    const done = spawnSync(process.execPath, ['hours.ts', 'replay', xavierFile, ...columns], {
      cwd: root,
      encoding: 'utf8',
    })
    expect(done.status).toBe(0)
    expect(JSON.parse(done.stdout)).toEqual(replay)
  })
})

describe.skipIf(!haveRecordings)('replay of the projector (--run 100 --max-gap 120)', () => {
  it('gives the 19 daily figures within 0.5 %, a run over midnight as one', async () => {
    const recording = projector()
    const replay = await replayRecording(
      recording,
      settingsOf({ run: 100, maxGap: 120 }, recording.intervalMs),
      'UTC',
    )
    const found = replay.days.filter(({ states }) => states.run > 0)
    expect(found.map(({ date }) => date)).toEqual(Object.keys(projectorHours))
    for (const { date, states } of found)
      expect(Math.abs(states.run / 3_600_000 / projectorHours[date]! - 1), date).toBeLessThan(0.005)
    const midnight = Date.parse('2012-01-16')
    expect(replay.runs.filter((run) => run.from < midnight && run.to > midnight)).toHaveLength(1)
    expect(replay.rejected).toEqual([{ reason: 'duplicate_time', count: 482 }])
  })
})

describe.skipIf(!haveRecordings)('replay of the dishwasher', () => {
  it('does not know the end of a run that a hole of 5 hours swallowed', async () => {
    const recording = dishwasher()
    const spans: Span[] = []
    const settings = settingsOf({ run: 10, maxGap: 120 }, recording.intervalMs)
    await replayRecording(recording, settings, 'UTC', (span) => spans.push(span))
    const hole = spans.findIndex((span) => span.to - span.from === 19_224_000)
    expect(spans[hole]?.state).toBe('unknown')
    expect(spans[hole - 1]?.state).toBe('run')
    expect(spans[hole + 1]?.state).toBe('off')
  })
})
