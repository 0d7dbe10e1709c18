import { createHook } from 'node:async_hooks'
import fs, { mkdtempSync, rmSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type InstrumentId, instrumentKey } from '@hours/protocol'
import { openIngest, openTestSite, pageMs, run, site, start } from '../../ingest/src/ingest.fixture.ts'
import { signedSize } from './judge.ts'

const key = instrumentKey(site, 'sem-01' as InstrumentId)
let dataDir: string
const real = { fsync: fs.fsync, fdatasync: fs.fdatasync }

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'hours-fsync-'))
})
afterEach(() => {
  mend()
  rmSync(dataDir, { recursive: true, force: true })
})

function put(which: keyof typeof real, call: (fd: number, done: fs.NoParamCallback) => void): void {
  Object.assign(fs, { [which]: call })
  syncBuiltinESMExports()
}

function mend(): void {
  Object.assign(fs, real)
  syncBuiltinESMExports()
}

/** The kernel says of every `fdatasync` or `fsync`, after so many that work, what it says of a disk that is dying. */
function failing(which: keyof typeof real, after = 0): void {
  let calls = 0
  put(which, (fd, done) => {
    if (calls++ < after) real[which](fd, done)
    else setImmediate(done, Object.assign(new Error(`EIO: i/o error, ${which}`), { code: 'EIO' }))
  })
}

async function openSite() {
  const { clock, gateway, ingest } = await openTestSite(dataDir)
  clock.advanceTo(start + 40 * pageMs)
  const send = (payload: Uint8Array) => ingest.commit({ topic: gateway.topic, payload })
  return { clock, gateway, ingest, send }
}

it('an fsync that fails is no acknowledgement; the pages go through when it works again', async () => {
  const { gateway, ingest, send } = await openSite()
  await send(gateway.page({ 'sem-01': run }))
  const size = ingest.log.size()
  const pages = [1, 2, 3].map(() => gateway.page({ 'sem-01': run }))
  for (const which of ['fdatasync', 'fsync'] as const) {
    failing(which)
    const results = await Promise.allSettled(pages.map(send))
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect([ingest.log.size(), signedSize(dataDir, 2026)]).toEqual([size, size])
    expect(ingest.health().reasons.join()).toMatch(/the log takes nothing.*EIO/)
    mend()
  }
  await Promise.all(pages.map(send))
  await ingest.settled()
  expect(ingest.health()).toEqual({ ok: true, reasons: [] })
  expect(ingest.index.spans(key, start, start + 4 * pageMs)).toEqual([
    { state: 'run', from: start, to: start + 4 * pageMs },
  ])
  await ingest.close()
})

it('when it fails after a checkpoint was renamed into place nothing more is signed until the log is opened again', async () => {
  const { clock, gateway, ingest, send } = await openSite()
  await send(gateway.page({ 'sem-01': run }))
  // The folders of tiles are synced first; the sync that fails is that of the checkpoint's own folder.
  let perBatch = 0
  put('fsync', (fd, done) => {
    perBatch += 1
    real.fsync(fd, done)
  })
  await send(gateway.page({ 'sem-01': run }))
  const page = gateway.page({ 'sem-01': run })
  mend()
  failing('fsync', perBatch - 1)
  await expect(send(page)).rejects.toThrow(/failed half-way/)
  mend()
  await expect(send(page)).rejects.toMatchObject({ code: 'log_halted' })
  expect(ingest.halted()).toMatch(/half-way/)
  await ingest.close()
  const again = await openIngest(dataDir, clock)
  expect(again.halted()).toBeUndefined()
  await again.commit({ topic: gateway.topic, payload: page })
  await again.settled()
  expect(again.index.gatewayCounts(gateway.id)).toMatchObject({ received: 3, missing: 0 })
  await again.close()
})

// Each wait is a turn of the loop, and under a flood a turn takes as long as all that came in takes.
it('a page waits for the disk and for nothing else of the file system', async () => {
  const { gateway, ingest, send } = await openSite()
  await send(gateway.page({ 'sem-01': run }))
  await ingest.settled()
  let syncs = 0
  let waits = 0
  for (const which of ['fdatasync', 'fsync'] as const)
    put(which, (fd, done) => {
      syncs += 1
      real[which](fd, done)
    })
  const hook = createHook({ init: (_id, type) => void (waits += type.startsWith('FSREQ') ? 1 : 0) }).enable()
  await send(gateway.page({ 'sem-01': run }))
  hook.disable()
  expect(syncs).toBeGreaterThan(3)
  expect(waits).toBe(syncs)
  await ingest.close()
})
