import { cpSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRandom } from '@hours/firmware-sim'
import { recordDigest } from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import { IngestError } from '@hours/ingest'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { judge, signedSize } from './judge.ts'
import { createPublisher, type Publisher } from './publisher.ts'
import { makeSite, openSite, type Site, startSite } from './site.ts'

const cuts = 8
const random = createRandom(99_021)
const folder = mkdtempSync(join(tmpdir(), 'hours-power-'))
/** The disk as it was at each cut, and the pages that had been acknowledged by then. */
const taken: { dir: string; acknowledged: ReadonlySet<string>; size: number }[] = []
let publishers: Publisher[]

const acknowledged = () => new Set(publishers.flatMap((one) => [...one.acknowledged()]))

/** All processes of the site stand still while its files are copied, so the copy is of one moment. */
function copyOf(site: Site, dataDir: string, dir: string): void {
  process.kill(site.pid, 'SIGSTOP')
  const known = acknowledged()
  cpSync(dataDir, dir, { recursive: true })
  process.kill(site.pid, 'SIGCONT')
  taken.push({ dir, acknowledged: known, size: signedSize(dir) })
}

beforeAll(async () => {
  publishers = ['gw-1', 'gw-2'].map((id) => createPublisher(id, random))
  const dataDir = join(folder, 'site')
  const trust = await makeSite(dataDir, publishers)
  for (const one of publishers) one.pin(trust)
  const site = await startSite(dataDir)
  const publishing = publishers.map((one) => one.publish(site.mqttPort))
  for (let cut = 0; cut < cuts; cut++) {
    const wanted = acknowledged().size + 10 + Math.floor(random() * 60)
    await vi.waitFor(() => expect(acknowledged().size).toBeGreaterThan(wanted), {
      timeout: 60_000,
      interval: 1,
    })
    copyOf(site, dataDir, join(folder, `cut-${cut}`))
  }
  for (const one of publishers) one.stop()
  await Promise.all(publishing)
  await site.kill('SIGTERM')
  await judge(dataDir, publishers)
}, 240_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const filesBelow = (path: string): string[] =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name))
    .sort()

/** Opens a folder and says which of the acknowledged pages its log has not. */
async function lost(dir: string, pages: ReadonlySet<string>): Promise<number> {
  const ingest = await openSite(dir)
  try {
    await ingest.settled()
    const logged = new Set<string>()
    for (const { bytes } of ingest.log.entries()) logged.add(recordDigest(bytes, nodeCrypto.sha256))
    for (const { gateway } of publishers) expect(ingest.index.gatewayCounts(gateway.id).missing).toBe(0)
    return pages.difference(logged).size
  } finally {
    await ingest.close()
  }
}

describe('after a power cut', () => {
  it(`in the middle of writing, ${cuts} times, the site opens by itself with every acknowledged page`, async () => {
    for (const { dir, acknowledged: pages } of taken) {
      const copy = `${dir}-plain`
      cpSync(dir, copy, { recursive: true })
      expect(pages.size).toBeGreaterThan(0)
      expect(await lost(copy, pages)).toBe(0)
    }
  })

  it('that also took what no fsync had secured, it does too', async () => {
    let torn = 0
    for (const [cut, { dir, acknowledged: pages, size }] of taken.entries()) {
      const copy = `${dir}-torn`
      cpSync(dir, copy, { recursive: true })
      // Not synced: unfinished files, bundles beyond the signed size, the journals of the stores that are not evidence.
      for (const file of filesBelow(copy)) {
        const partial = /tile\/entries\/.*\.p\/(\d+)$/.exec(file)
        const beyond = partial !== null && Number(partial[1]) > size % 256 && size < 256
        const journal = /(operations|outbox|series)\.sqlite-wal$/.test(file)
        if (!file.endsWith('.tmp') && !beyond && !journal) continue
        truncateSync(file, Math.floor(random() * statSync(file).size))
        torn += 1
      }
      expect(await lost(copy, pages), `cut ${cut}`).toBe(0)
    }
    expect(torn).toBeGreaterThan(cuts)
  })

  it('on a disk that lied about what it had written, it mends what can be mended and refuses the rest by name', async () => {
    const [last] = taken.slice(-1)
    if (!last) throw new Error('nothing was copied')
    const names = filesBelow(last.dir).map((file) => file.slice(last.dir.length))
    const outcomes = { mended: 0, refused: 0 }
    const often = Array.from({ length: 12 }, () => '/operations.sqlite')
    for (const name of [...names, ...often]) {
      const copy = `${last.dir}-lied`
      rmSync(copy, { recursive: true, force: true })
      cpSync(last.dir, copy, { recursive: true })
      truncateSync(copy + name, Math.floor(random() * statSync(copy + name).size))
      try {
        expect(await lost(copy, last.acknowledged), name).toBe(0)
        outcomes.mended += 1
      } catch (error) {
        if (!(error instanceof IngestError)) throw new Error(`${name}: ${String(error)}`, { cause: error })
        expect(error.message, name).toMatch(/Fix: /)
        outcomes.refused += 1
      }
    }
    expect(outcomes.mended).toBeGreaterThan(3)
    expect(outcomes.refused).toBeGreaterThan(3)
  })

  it('an index cut short is made again; operations cut short, which nothing can make again, are refused by name', async () => {
    for (const share of [0.1, 0.5, 0.9]) {
      const copy = join(folder, `stores-${share}`)
      cpSync(join(folder, 'site'), copy, { recursive: true })
      const cut = (file: string) =>
        truncateSync(join(copy, file), Math.floor(statSync(join(copy, file)).size * share))
      cut('index.sqlite')
      expect(await lost(copy, acknowledged())).toBe(0)
      cut('operations.sqlite')
      await expect(openSite(copy)).rejects.toThrow(/operations\.sqlite: .*Fix: .*backup/)
    }
  })
})
