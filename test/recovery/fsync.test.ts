import { mkdtempSync, rmSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type InstrumentId, instrumentKey } from '@hours/protocol'
import { openIngest, openTestSite, pageMs, run, site, start } from '../../ingest/src/ingest.fixture.ts'
import { signedSize } from './judge.ts'

const key = instrumentKey(site, 'sem-01' as InstrumentId)
let dataDir: string
const files: { handle?: Pick<FileHandle, 'sync' | 'datasync'> } = {}

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'hours-fsync-'))
  const one = await open(join(dataDir, 'any'), 'w')
  files.handle = Object.getPrototypeOf(one) as FileHandle
  await one.close()
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(dataDir, { recursive: true, force: true })
})

/** The kernel says of every `fdatasync` or `fsync` what it says of a disk that is dying. */
function failing(which: 'sync' | 'datasync', after = 0): void {
  if (!files.handle) throw new Error('no file was opened')
  const real = files.handle[which]
  let calls = 0
  vi.spyOn(files.handle, which).mockImplementation(function (this: FileHandle) {
    if (calls++ < after) return Reflect.apply(real, this, [])
    return Promise.reject(Object.assign(new Error(`EIO: i/o error, f${which}`), { code: 'EIO' }))
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
  for (const which of ['datasync', 'sync'] as const) {
    failing(which)
    const results = await Promise.allSettled(pages.map(send))
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect([ingest.log.size(), signedSize(dataDir, 2026)]).toEqual([size, size])
    expect(ingest.health().reasons.join()).toMatch(/the log takes nothing.*EIO/)
    vi.restoreAllMocks()
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
  const folders = vi.spyOn(files.handle as FileHandle, 'sync')
  await send(gateway.page({ 'sem-01': run }))
  const page = gateway.page({ 'sem-01': run })
  const perBatch = folders.mock.calls.length
  vi.restoreAllMocks()
  failing('sync', perBatch - 1)
  await expect(send(page)).rejects.toThrow(/failed half-way/)
  vi.restoreAllMocks()
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
