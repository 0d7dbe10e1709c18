import { spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRandom } from '@hours/firmware-sim'
import { createEmbeddedSeries, createSeriesOutbox, type SeriesPoint } from '@hours/ingest'
import { systemClock } from '@hours/protocol'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { judge, signedSize } from './judge.ts'
import { keepPublishing } from './keep-publishing.ts'
import { createPublisher, type Publisher } from './publisher.ts'
import { makeSite, type Site, startSite } from './site.ts'

const random = createRandom(7_121)
const run = (...command: [string, ...string[]]) => spawnSync(command[0], command.slice(1)).status === 0
const mounts: string[] = []
const mount = (path: string, size: string) => {
  mkdirSync(path, { recursive: true })
  const done = run('mount', '-t', 'tmpfs', '-o', `size=${size}`, 'hours-test', path)
  if (done) mounts.push(path)
  return done
}
const remount = (path: string, how: 'ro' | 'rw') => run('mount', '-o', `remount,${how}`, path)

const probe = mkdtempSync(join(tmpdir(), 'hours-mount-'))
const mountable = mount(probe, '64k')
unmountAll()
rmSync(probe, { recursive: true })
if (!mountable)
  console.warn('not allowed to mount a tmpfs here: full and read-only disks are only tried by file limits')
// Where everything is to be tried, what cannot be is a failure (as with services that are not installed).
it.runIf(process.env['HOURS_REQUIRE_SERVICES'] === '1')('a tmpfs can be mounted here', () => {
  expect(mountable).toBe(true)
})

function unmountAll(): void {
  for (const path of mounts.splice(0).toReversed()) run('umount', '-l', path)
}

let dataDir: string
let publishers: Publisher[]
let site: Site | undefined

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'hours-disk-'))
  publishers = ['gw-1', 'gw-2'].map((id) => createPublisher(id, random))
})
afterEach(async () => {
  await site?.kill()
  unmountAll()
  rmSync(dataDir, { recursive: true, force: true })
})

async function start(
  ...options: Parameters<typeof startSite> extends [string, ...infer Rest] ? Rest : never
) {
  site = await startSite(dataDir, ...options)
  return site
}

async function make(): Promise<void> {
  const trust = await makeSite(dataDir, publishers)
  for (const one of publishers) one.pin(trust)
}

async function finish(): Promise<void> {
  expect(await site?.kill('SIGTERM')).toBe(0)
  site = undefined
  await judge(dataDir, publishers)
}

describe.skipIf(!mountable)('a disk of its own', { timeout: 180_000 }, () => {
  /** Takes all the space there is. */
  function fill(path: string): string {
    const file = openSync(join(path, 'somebody-elses-file'), 'w')
    const isFull = (error: unknown) => (error as NodeJS.ErrnoException).code === 'ENOSPC'
    for (let bytes = 1 << 20; bytes >= 1; bytes >>= 1)
      try {
        for (;;) writeSync(file, Buffer.alloc(bytes))
      } catch (error) {
        if (!isFull(error)) throw error
      }
    closeSync(file)
    return join(path, 'somebody-elses-file')
  }

  it('that is full stops the acknowledgements, says so, and goes on by itself when there is space', async () => {
    mount(dataDir, '24m')
    await make()
    const { mqttPort, health, pid } = await start()
    const publishing = keepPublishing(publishers, mqttPort)
    await publishing.grown(40)
    const filler = fill(dataDir)
    await publishing.standstill()
    expect(signedSize(dataDir)).toBeGreaterThan(40)
    await vi.waitFor(async () => expect(await health()).toBe(503), { timeout: 10_000 })
    rmSync(filler)
    await publishing.grown(40)
    await vi.waitFor(async () => expect(await health()).toBe(200), { timeout: 10_000 })
    expect(site?.pid).toBe(pid)
    await publishing.end()
    await finish()
  })

  it('that is full keeps the outbox of the series from taking more, which says so and goes on', async () => {
    mount(dataDir, '4m')
    const store = createEmbeddedSeries(':memory:')
    const outbox = createSeriesOutbox({ path: join(dataDir, 'outbox.sqlite'), store, clock: systemClock })
    const point = (at: number): SeriesPoint => ({
      measurement: 'gateway',
      tags: { site: 'gz', gateway: 'gw-1' },
      fields: { online: { i: 1 } },
      at,
    })
    const filler = fill(dataDir)
    const tooMany = Array.from({ length: 20_000 }, (_, i) => point(i))
    expect(() => outbox.put(tooMany)).toThrow(/full/)
    expect(outbox.state()).toMatchObject({
      pending: 0,
      failing: expect.stringMatching(/takes nothing.*full/) as string,
    })
    rmSync(filler)
    outbox.put(tooMany)
    await outbox.flush()
    expect(outbox.state()).toMatchObject({ pending: 0, quarantined: 0, failing: null })
    await outbox.close()
    await store.close()
  })

  it('that is full at the start is refused by name, and opened when there is space', async () => {
    mount(dataDir, '24m')
    await make()
    const filler = fill(dataDir)
    await expect(start()).rejects.toThrow(/ENOSPC|disk is full/)
    rmSync(filler)
    const { mqttPort } = await start()
    const publishing = keepPublishing(publishers, mqttPort)
    await publishing.grown(10)
    await publishing.end()
    await finish()
  })

  it('that turns read-only stops the acknowledgements; writable again it goes on, though nobody touched the site', async () => {
    await make()
    const log = join(dataDir, 'log')
    rmSync(log, { recursive: true })
    for (const file of ['index.sqlite', 'operations.sqlite']) rmSync(join(dataDir, file), { force: true })
    mount(log, '24m')
    await make()
    const { mqttPort, health } = await start()
    const publishing = keepPublishing(publishers, mqttPort)
    await publishing.grown(40)
    // Busy while a file of it is open for writing.
    await vi.waitFor(() => expect(remount(log, 'ro')).toBe(true), { timeout: 20_000, interval: 7 })
    await publishing.standstill()
    // The acknowledgements stop a moment before the failed commit has been told.
    await vi.waitFor(async () => expect(await health()).toBe(503), { timeout: 20_000, interval: 200 })
    remount(log, 'rw')
    await publishing.grown(40)
    await publishing.end()
    await finish()
  })

  it('that is read-only at the start is refused by name', async () => {
    mount(dataDir, '24m')
    await make()
    expect(remount(dataDir, 'ro')).toBe(true)
    await expect(start()).rejects.toThrow(/EROFS|read-?only/)
    remount(dataDir, 'rw')
    const { mqttPort } = await start()
    const publishing = keepPublishing(publishers, mqttPort)
    await publishing.grown(10)
    await publishing.end()
    await finish()
  })
})

const limitable = run('prlimit', '--version')
if (!limitable) console.warn('prlimit (util-linux) is not here: a halted index is not tried')

describe.skipIf(!limitable)('a file system that takes no large file', { timeout: 180_000 }, () => {
  it('halts the index, which is opened again by itself when it takes them', async () => {
    await make()
    const { mqttPort, health, pid } = await start({ fileBytes: 64 << 20 })
    const limit = (bytes: number) =>
      expect(run('prlimit', '--pid', String(pid), `--fsize=${bytes}:${64 << 20}`)).toBe(true)
    const publishing = keepPublishing(publishers, mqttPort)
    await publishing.grown(20)
    // More than a bundle of the log ever has, less than the journals grow to.
    limit(Math.max(640 << 10, statSync(join(dataDir, 'index.sqlite-wal')).size))
    await vi.waitFor(
      async () => {
        expect(await health()).toBe(503)
        // Other stores of the site meet the limit too; they go on by themselves.
        expect(site?.logged(50).join()).toContain('the index stopped')
      },
      { timeout: 60_000, interval: 200 },
    )
    await publishing.standstill()
    limit(64 << 20)
    await publishing.grown(40)
    await vi.waitFor(() => expect(site?.logged(50).join()).toContain('opened again'), { timeout: 20_000 })
    await publishing.end()
    await finish()
  })
})
