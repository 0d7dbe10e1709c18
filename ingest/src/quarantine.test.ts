import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DAY } from '@hours/protocol'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openOperations } from './operations.ts'
import { createQuarantine } from './quarantine.ts'

let dir: string
let db: ReturnType<typeof openOperations>
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'hours-quarantine-'))
  db = openOperations(join(dir, 'operations.sqlite'))
})
afterEach(() => {
  db.close()
  rmSync(dir, { recursive: true, force: true })
})

const item = (n: number, change: object = {}) => ({
  at: n,
  topic: 'hours/1/lab/gw-1/page',
  gateway: 'gw-1',
  seq: n,
  code: 'bad_signature',
  reason: 'because',
  bytes: Buffer.from(`bytes ${n}`),
  ...change,
})
const stored = () => Number(db.prepare('SELECT count(*) AS n FROM quarantine').get()?.['n'])

it('writes many at once, at the latest before somebody reads', () => {
  const quarantine = createQuarantine(db)
  const network = Buffer.from('bytes 0')
  quarantine.put(item(0, { bytes: network }))
  network.fill('x')
  expect(stored()).toBe(0)
  const [first] = quarantine.list(1)
  expect(Buffer.from(quarantine.bytes(first?.id ?? 0) ?? '').toString()).toBe('bytes 0')
  for (let n = 1; n < 400; n++) quarantine.put(item(n))
  expect(stored()).toBe(201)
  expect([quarantine.count(), quarantine.countOf('gw-1'), quarantine.countOf('gw-2')]).toEqual([400, 400, 0])
  for (let n = 0; n < 80; n++) quarantine.put(item(n, { bytes: Buffer.alloc(65_536) }))
  expect(stored()).toBeGreaterThan(400)
})

it('keeps the newest 500 of a gateway, and 30 days of them; a flood takes nothing from others', () => {
  const quarantine = createQuarantine(db)
  for (let n = 0; n < 30; n++) quarantine.put(item(n, { gateway: 'gw-2' }))
  for (let n = 0; n < 10; n++) quarantine.put(item(n, { gateway: null }))
  for (let n = 30; n < 23_000; n++) quarantine.put(item(n))
  expect(quarantine.countOf('gw-1')).toBeLessThanOrEqual(2_500)
  quarantine.trim(23_000)
  expect([quarantine.countOf('gw-1'), quarantine.countOf('gw-2'), quarantine.count()]).toEqual([500, 30, 540])
  expect(quarantine.list(1)).toMatchObject([{ seq: 22_999 }])
  quarantine.trim(22_900 + 30 * DAY)
  expect(quarantine.count()).toBe(100)
})

it('keeps 20,000 in all: of those who send most the fewer, the more there are', () => {
  const quarantine = createQuarantine(db)
  for (let n = 0; n < 30_000; n++) quarantine.put(item(n, { gateway: `gw-${n % 60}` }))
  quarantine.put(item(30_000, { gateway: 'gw-honest' }))
  quarantine.flush()
  quarantine.trim(30_000)
  expect(quarantine.count()).toBeLessThanOrEqual(20_000)
  for (let n = 0; n < 60; n++) expect(quarantine.countOf(`gw-${n}`)).toBeGreaterThanOrEqual(250)
  expect(quarantine.countOf('gw-honest')).toBe(1)
})

it('on a disk that takes nothing bounds what waits, says so when asked to write, and writes it later', () => {
  const quarantine = createQuarantine(db)
  db.exec("CREATE TRIGGER full BEFORE INSERT ON quarantine BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END")
  for (let n = 0; n < 5_000; n++) quarantine.put(item(n, { gateway: `gw-${n % 10}` }))
  expect(() => quarantine.flush()).toThrow('disk I/O error')
  expect(quarantine.count()).toBe(0)
  db.exec('DROP TRIGGER full')
  quarantine.flush()
  expect(stored()).toBeLessThanOrEqual(2_200)
  expect(stored()).toBeGreaterThanOrEqual(2_000)
  expect(quarantine.list(1)).toMatchObject([{ seq: 4_999 }])
})
