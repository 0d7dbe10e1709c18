import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { Replay } from '@hours/sensing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hours-replay-'))
  // Berlin, 30 March 2025: local times skip 02:00-03:00. Standby, but for a run from 12:00 to 12:30.
  const rows: string[] = []
  const start = Date.parse('2025-03-29T23:00:00Z')
  for (let minute = 0; minute <= 23 * 60; minute++) {
    const at = start + minute * 60_000
    const local = new Date(at + (at >= Date.parse('2025-03-30T01:00:00Z') ? 7_200_000 : 3_600_000))
    const run = at >= Date.parse('2025-03-30T10:00:00Z') && at < Date.parse('2025-03-30T10:30:00Z')
    const [date = '', time = ''] = local.toISOString().split('T')
    rows.push(`${date.split('-').reverse().join('.')} ${time.slice(0, 8)};${run ? '400,5' : '50,25'}`)
  }
  rows.splice(100, 0, 'rubbish;5', '30.03.2025 02:30:00;5', `${rows[99]?.split(';')[0] ?? ''};-1`)
  writeFileSync(join(folder, 'berlin.csv.gz'), gzipSync(`Zeit;Leistung\n${rows.join('\n')}\n`))
  writeFileSync(
    join(folder, 'flat.csv'),
    `t,w\n${Array.from({ length: 5_000 }, (_, i) => `${1_700_000_000 + i * 10},50`).join('\n')}\n`,
  )
  writeFileSync(join(folder, 'empty.csv'), 't,w\n1700000000,\n')
})
afterAll(() => rmSync(folder, { recursive: true }))

const call = (...args: string[]) =>
  spawnSync(process.execPath, ['hours.ts', ...args], {
    cwd: root,
    encoding: 'utf8',
    // Paths are typed relative to the folder in which npm was called.
    env: { ...process.env, INIT_CWD: folder },
  })
const berlin = ['replay', 'berlin.csv.gz', '--time', 'Zeit', '--power', 'Leistung', '--zone', 'Europe/Berlin']

describe('hours replay and calibrate on the command line', () => {
  it('reads local times, decimal commas and gzip, and gives the spring day 23 hours', () => {
    const done = call(...berlin, '--run', '100', '--max-gap', '120', '--json')
    expect(done.stderr).not.toMatch(/Error/)
    const replay = JSON.parse(done.stdout) as Replay
    expect(replay.days).toEqual([
      {
        date: '2025-03-30',
        states: { off: 0, standby: 22.5 * 3_600_000, run: 1_800_000, fault: 0, unknown: 0 },
      },
    ])
    expect(replay.runs).toEqual([
      { from: Date.parse('2025-03-30T10:00:00Z'), to: Date.parse('2025-03-30T10:30:00Z') },
    ])
    expect(replay.rejected).toEqual([
      { reason: 'bad_time', count: 1 },
      { reason: 'local_time_gap', count: 1 },
      { reason: 'no_reading', count: 1 },
    ])
  })
  it('reads the newest row first as well as last, under lines that a logger writes of itself', () => {
    const [head = '', ...rows] = gunzipSync(readFileSync(join(folder, 'berlin.csv.gz')))
      .toString()
      .trim()
      .split('\n')
    writeFileSync(join(folder, 'newest.csv'), ['# logger 7; Berlin', '', head, ...rows.reverse()].join('\n'))
    const [, , ...options] = berlin
    const { stdout, stderr } = call('replay', 'newest.csv', ...options, '--run', '100', '--json')
    expect(stderr).toMatch(/sorted/)
    const { runs, states } = JSON.parse(stdout) as Replay
    expect({ runs: runs.length, ms: states.run, unknown: states.unknown }).toEqual({
      runs: 1,
      ms: 1_800_000,
      unknown: 0,
    })
  })
  it('draws each day and lists the runs for people', () => {
    const { stdout } = call(...berlin, '--run', '100', '--max-gap', '120')
    expect(stdout).toMatch(/^2025-03-30 \|-{44}##-{46}\|$/m)
    expect(stdout).toMatch(/2025-03-30 12:00:00 \.\. 2025-03-30 12:30:00 {6}30\.00 min/)
  })
  it.each([
    [['replay', 'flat.csv', '--time', 'nope', '--power', 'w'], 2, /--time "nope": no such column .* t, w/],
    [['replay', 'none.csv', '--time', 't', '--power', 'w'], 1, /none\.csv: ENOENT.*Fix:/],
    [
      ['replay', 'flat.csv', '--time', 't', '--power', 'w', '--on', '9', '--run', '5'],
      2,
      /--on 9 W is above --run 5 W/,
    ],
    [['replay', 'flat.csv', '--time', 't', '--power', 'w', '--zone', 'Mars'], 2, /--zone "Mars".*Fix:/],
    [
      ['replay', 'flat.csv', '--time', 't', '--power', 'w', '--max-gap', '601'],
      2,
      /--max-gap 601 s: at most 600 s/,
    ],
    [['replay', 'flat.csv', '--time', 't', '--power', 'w', '--time-format', 'HH'], 2, /--time-format "HH"/],
    [
      ['replay', 'empty.csv', '--time', 't', '--power', 'w', '--run', '5'],
      1,
      /none of 1 rows gave a sample \(no_reading 1\)/,
    ],
    [['calibrate', 'flat.csv', '--time', 't', '--power', 'w'], 3, /^$/m],
  ])('%j ends with exit code %i and says why', (args, status, says) => {
    const done = call(...args)
    expect(done.status).toBe(status)
    expect(done.stderr).toMatch(says)
  })
})
