import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRandom } from '@hours/firmware-sim'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { judge, loggedPages } from './judge.ts'
import { createPublisher, type Publisher } from './publisher.ts'
import { makeSite, startSite } from './site.ts'

const kills = 12
const random = createRandom(20_261)
let dataDir: string
let publishers: Publisher[]

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'hours-kill-'))
  publishers = ['gw-1', 'gw-2', 'gw-3'].map((id) => createPublisher(id, random))
  const trust = await makeSite(dataDir, publishers)
  for (const one of publishers) one.pin(trust)
})
afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

const sum = (of: 'acknowledged' | 'receipted' | 'receipts') =>
  publishers.reduce((all, one) => all + one.counts()[of], 0)

it(`kill -9 of a real site ${kills} times under load: each start recovers by itself, nothing acknowledged is lost`, async () => {
  for (let round = 0; round < kills; round++) {
    const site = await startSite(dataDir)
    const [acknowledged, receipted] = [sum('acknowledged'), sum('receipted')]
    const publishing = publishers.map((one) => one.publish(site.mqttPort).catch(() => undefined))
    const wanted = 20 + Math.floor(random() * 300)
    await vi.waitFor(() => expect(sum('acknowledged') - acknowledged).toBeGreaterThan(wanted), {
      timeout: 60_000,
      interval: 2,
    })
    await site.kill()
    await Promise.all(publishing)
    // A PUBACK has to mean as much as a receipt: on disk at that moment, not only when the gateway sends again.
    const pages = new Set(publishers.flatMap((one) => [...one.acknowledged()]))
    expect(pages.difference(loggedPages(dataDir)).size).toBe(0)
    if (round > 0) expect(sum('receipted')).toBeGreaterThanOrEqual(receipted)
  }
  const site = await startSite(dataDir)
  for (const one of publishers) one.stop()
  await Promise.all(publishers.map((one) => one.publish(site.mqttPort)))
  expect(await site.health()).toBe(200)
  expect(await site.kill('SIGTERM')).toBe(0)
  expect(sum('receipts')).toBeGreaterThan(publishers.length)
  await judge(dataDir, publishers)
}, 300_000)
