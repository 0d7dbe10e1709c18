import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRandom } from '@hours/firmware-sim'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { judge, loggedPages } from '../recovery/judge.ts'
import { createPublisher, type Publisher } from '../recovery/publisher.ts'
import { makeSite, startSite } from '../recovery/site.ts'

let dataDir: string
let publishers: Publisher[]

beforeEach(async () => {
  const random = createRandom(515)
  dataDir = mkdtempSync(join(tmpdir(), 'hours-stop-'))
  publishers = ['gw-1', 'gw-2'].map((id) => createPublisher(id, random))
  const trust = await makeSite(dataDir, publishers)
  for (const one of publishers) one.pin(trust)
})
afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

const acknowledged = () => new Set(publishers.flatMap((one) => [...one.acknowledged()]))

it('SIGTERM under load: what was logged is answered, the process ends with 0 in a few seconds, and nothing is left to mend', async () => {
  for (let round = 0; round < 3; round++) {
    const site = await startSite(dataDir)
    const publishing = publishers.map((one) => one.publish(site.mqttPort))
    const wanted = acknowledged().size + 60
    await vi.waitFor(() => expect(acknowledged().size).toBeGreaterThan(wanted), { timeout: 60_000 })
    const from = performance.now()
    expect(await site.kill('SIGTERM')).toBe(0)
    expect(performance.now() - from).toBeLessThan(20_000)
    await Promise.all(publishing)
    expect(site.logged(50)).toEqual([])
    // Every page that got as far as the log was acknowledged before the connection ended, and the reverse.
    const logged = loggedPages(dataDir)
    expect([logged.difference(acknowledged()).size, acknowledged().difference(logged).size]).toEqual([0, 0])
  }
  const site = await startSite(dataDir)
  for (const one of publishers) one.stop()
  await Promise.all(publishers.map((one) => one.publish(site.mqttPort)))
  await site.kill('SIGTERM')
  await judge(dataDir, publishers)
}, 240_000)
