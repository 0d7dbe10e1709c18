import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { proposalSettings } from '@hours/sensing'
import { describe, expect, it } from 'vitest'
import { calibrationSvg, calibrationText } from '../../cli/calibrate-text.ts'
import type { Recording } from '../../cli/recording-file.ts'
import { calibrateRecording, replayRecording } from '../../cli/recorded.ts'
import {
  coffeeMaker,
  dryer,
  haveRecordings,
  projector,
  projectorHours,
  xavier,
  xavierFile,
  xavierLabels,
} from './shared.ts'

async function found(recording: Recording) {
  const calibration = await calibrateRecording(recording)
  const { thresholds } = calibration
  const replay = thresholds
    ? await replayRecording(recording, proposalSettings(thresholds), 'UTC')
    : undefined
  return { calibration, replay }
}

describe.skipIf(!haveRecordings)('thresholds found by calibration alone', () => {
  it('give the labelled load 190 runs, each within 5 s, and its hours within 0.3 %', async () => {
    const { calibration, replay } = await found(xavier())
    expect(calibration.accepted, calibration.reason).toBe(true)
    expect(replay!.runs).toHaveLength(190)
    expect(Math.abs(replay!.states.run / 3_600_000 / 31.6675 - 1)).toBeLessThan(0.003)
    const labels = xavierLabels()
    const errors = replay!.runs.flatMap((run, i) => [run.from - labels[i]!.from, run.to - labels[i]!.to])
    expect(Math.max(...errors.map(Math.abs))).toBeLessThanOrEqual(5_000)
    expect(calibration.levels.map((level) => level.means)).toEqual(['standby', 'run'])
    expect(calibrationText(calibration)).toMatch(/^ACCEPTED: standby at most 11\.\d W/)
    expect(calibrationSvg(calibration)).toMatch(/^<svg [^]*run 15\.\d W[^]*<\/svg>\n$/)
  })
  it('give the projector each of its 19 days within 1 %', async () => {
    const { calibration, replay } = await found(projector())
    expect(calibration.accepted, calibration.reason).toBe(true)
    const days = replay!.days.filter(({ states }) => states.run > 0)
    expect(days.map(({ date }) => date)).toEqual(Object.keys(projectorHours))
    for (const { date, states } of days)
      expect(Math.abs(states.run / 3_600_000 / projectorHours[date]! - 1), date).toBeLessThan(0.01)
  })
  it('make three runs of the dryer, its drum turning now and then at their ends', async () => {
    const { calibration, replay } = await found(dryer())
    expect(calibration.accepted, calibration.reason).toBe(true)
    expect(replay!.runs).toHaveLength(3)
    expect(replay!.states.run / 3_600_000).toBeGreaterThan(3.19)
    expect(replay!.states.run / 3_600_000).toBeLessThan(3.21)
  })
  it('never let a waiting coffee maker run all day: both readings of its pulses are named', async () => {
    const { calibration } = await found(coffeeMaker())
    expect(calibration).toMatchObject({ accepted: false, code: 'unsettled', thresholds: null })
    expect(calibration.reason).toMatch(/pulses of a waiting machine beside 3\.6\d h of run/)
    expect(calibration.evidence.alternatives).toHaveLength(2)
    expect(calibrationText(calibration)).toMatch(/reading {2}run from 20\.8 W: 3\.6\d h/)
  })
  it('print as JSON, with exit code 3 when refused', () => {
    const root = join(import.meta.dirname, '../..')
    const call = (...args: string[]) =>
      spawnSync(
        process.execPath,
        ['hours.ts', 'calibrate', xavierFile, '--time', 'time_local', ...args, '--json'],
        {
          cwd: root,
          encoding: 'utf8',
        },
      )
    const good = call('--power', 'watts')
    expect(good.status).toBe(0)
    const printed = JSON.parse(good.stdout) as Record<string, unknown>
    expect(Object.keys(printed)).toEqual(['accepted', 'reason', 'thresholds', 'levels', 'evidence', 'replay'])
    expect(printed['replay']).toHaveProperty('runs')
    const volts = call('--power', 'volts')
    expect(volts.status).toBe(3)
    expect(JSON.parse(volts.stdout)).toMatchObject({ accepted: false, code: 'one_level', replay: null })
  })
})
