import { execFile, spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { DatabaseSync } from 'node:sqlite'
import { createIngest } from '@hours/ingest'
import { systemClock } from '@hours/protocol'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'hours-upkeep-'))
const data = join(folder, 'site')
const first = join(folder, 'first')
const second = join(folder, 'second')
const hours = (...args: string[]) => {
  const done = spawnSync(process.execPath, ['hours.ts', ...args], { encoding: 'utf8', timeout: 60_000 })
  return { ...done, said: done.stdout + done.stderr }
}
const checkpoint = (dir: string) => join(dir, 'log', String(new Date().getUTCFullYear()), 'checkpoint')
const sizeOf = (dir: string) => Number(readFileSync(checkpoint(dir), 'utf8').split('\n')[1])

const open = (dataDir: string) =>
  createIngest({
    dataDir,
    clock: systemClock,
    log: pino({ level: 'silent' }),
    logName: 'hours.test',
    simulated: false,
  })
const organisation = (id: string) =>
  ({
    kind: 'organisation',
    stream: 'installation',
    body: { id, parent: null, kind: 'entity', names: {}, from: 1767225600000 },
  }) as never

beforeAll(async () => {
  expect(hours('init', '--data', data, '--name', 'hours.test').status).toBe(0)
  const ingest = await open(data)
  await ingest.recordAll(Array.from({ length: 300 }, (_, i) => organisation(`o${i}`)))
  await ingest.close()
  writeFileSync(join(data, 'channels.json'), '{"channels":[]}')
  expect(hours('backup', '--data', data, '--to', first).status).toBe(0)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('backup and restore', () => {
  it('copy a site that is being written, whole, with its secrets kept', async () => {
    const ingest = await open(data)
    const writing = Array.from({ length: 40 }, (_, i) =>
      ingest.recordAll(Array.from({ length: 20 }, (_, j) => organisation(`p${i}-${j}`))),
    )
    const { stdout } = await promisify(execFile)(process.execPath, [
      'hours.ts',
      'backup',
      '--data',
      data,
      '--to',
      second,
    ])
    await Promise.all(writing)
    await ingest.close()
    expect(stdout).toContain('the root was recomputed')
    expect(sizeOf(second)).toBeGreaterThanOrEqual(sizeOf(first))
    expect(sizeOf(second)).toBeLessThanOrEqual(sizeOf(data))
    expect(statSync(join(second, 'keys', 'log.pem')).mode & 0o077).toBe(0)
    expect(hours('backup', '--data', data, '--to', second).said).toContain('is not empty')
  })

  it('bring a site back that goes on where the backup ended', async () => {
    const back = join(folder, 'back')
    const seen = join(folder, 'seen')
    cpSync(checkpoint(first), seen)
    const done = hours('restore', '--from', first, '--data', back, '--seen', seen)
    expect(done.said).toContain('records are back')
    const ingest = await open(back)
    expect(ingest.registry.organisations().length).toBe(300)
    await ingest.recordAll([organisation('after')])
    await ingest.close()
    expect(sizeOf(back)).toBeGreaterThan(sizeOf(first))
    expect(statSync(join(back, 'keys', 'operator.pem')).mode & 0o077).toBe(0)
    expect(readFileSync(join(back, 'channels.json'), 'utf8')).toBe('{"channels":[]}')
  })

  it('refuse to fork: over a log, behind what others have seen, with another history, or without asking anybody', () => {
    const to = join(folder, 'never')
    const restore = (...more: string[]) => hours('restore', '--from', first, '--data', to, ...more).said
    expect(hours('restore', '--from', first, '--data', data, '--nobody-saw-more').said).toContain(
      'would fork',
    )
    expect(restore()).toContain('nothing to compare with')
    expect(restore('--seen', checkpoint(data))).toMatch(/has seen \d+ records .* would fork the log/)
    const other = join(folder, 'other-history')
    const lines = readFileSync(checkpoint(first), 'utf8').split('\n')
    lines[2] = Buffer.alloc(32, 7).toString('base64')
    writeFileSync(other, lines.join('\n'))
    expect(restore('--seen', other)).toContain('another history')
    expect(existsSync(join(to, 'log'))).toBe(false)
  })

  it('refuse a backup that was changed', () => {
    const bad = join(folder, 'bad')
    cpSync(first, bad, { recursive: true })
    writeFileSync(join(bad, 'policy'), 'quorum none\n')
    const done = hours('restore', '--from', bad, '--data', join(folder, 'never'), '--nobody-saw-more')
    expect(done.said).toContain('policy has been changed')
  })
})

describe('an upgrade', () => {
  it('opens what the release before wrote, and refuses what a newer one did', async () => {
    const old = join(folder, 'old-release')
    cpSync(first, old, { recursive: true })
    // The release before had no door: neither its tables nor a version.
    const before = new DatabaseSync(join(old, 'operations.sqlite'))
    for (const table of [
      'account',
      'login',
      'api_key',
      'subject',
      'invitation',
      'audit',
      'enrolment_code',
      'certificate',
      'shut_out',
    ])
      before.exec(`DROP TABLE IF EXISTS ${table}`)
    before.exec('PRAGMA user_version = 0')
    before.close()
    const ingest = await open(old)
    expect(ingest.registry.organisations().length).toBe(300)
    await ingest.close()
    expect(
      hours('account', 'add', 'lin', '--data', old, '--role', 'viewer', '--organisation', 'o1').said,
    ).toContain('/welcome#')
    const newer = new DatabaseSync(join(old, 'operations.sqlite'))
    newer.exec('PRAGMA user_version = 99')
    newer.close()
    await expect(open(old)).rejects.toThrow(/newer release \(schema 99/)
  })
})

describe('the doctor', () => {
  const examine = () => hours('doctor', '--data', data).said

  it('finds a sound site sound but for what this machine lacks', () => {
    const said = examine()
    for (const line of ['good disk space', 'good keys', 'good log', 'good audit', 'disk sync'])
      expect(said).toContain(line)
    expect(said).not.toMatch(/BAD (keys|log|audit|certificate)/)
  })

  it('finds keys that others may read', () => {
    chmodSync(join(data, 'keys', 'log.pem'), 0o644)
    expect(examine()).toMatch(/BAD {2}keys: others may read .*log\.pem/)
    expect(hours('doctor', '--data', data).status).toBe(1)
    chmodSync(join(data, 'keys', 'log.pem'), 0o600)
  })

  it('finds a log that was put back from a backup', () => {
    const rolled = join(folder, 'rolled')
    cpSync(data, rolled, { recursive: true })
    rmSync(join(rolled, 'log'), { recursive: true })
    cpSync(join(first, 'log'), join(rolled, 'log'), { recursive: true })
    expect(hours('doctor', '--data', rolled).said).toMatch(/BAD {2}log: .* rolled back/)
  })

  it('finds an audit whose past was changed, which the database itself refuses', () => {
    hours('account', 'add', 'lin', '--data', data, '--role', 'viewer', '--organisation', 'o1')
    hours('account', 'disable', 'lin', '--data', data)
    const db = new DatabaseSync(join(data, 'operations.sqlite'))
    expect(() => db.exec(`UPDATE audit SET actor = 'nobody'`)).toThrow(/append-only/)
    expect(() => db.exec('DELETE FROM audit')).toThrow(/append-only/)
    db.exec(`DROP TRIGGER audit_no_update; UPDATE audit SET actor = 'nobody' WHERE seq = 1`)
    db.close()
    expect(examine()).toMatch(/BAD {2}audit: entry 1/)
  })
})
