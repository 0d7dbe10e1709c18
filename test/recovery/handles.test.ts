import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRandom } from '@hours/firmware-sim'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { judge } from './judge.ts'
import { createPublisher, type Publisher } from './publisher.ts'
import { keepPublishing } from './keep-publishing.ts'
import { makeSite, type Site, startSite } from './site.ts'

let dataDir: string
let publishers: Publisher[]
let site: Site | undefined

beforeEach(async () => {
  const random = createRandom(4_711)
  dataDir = mkdtempSync(join(tmpdir(), 'hours-handles-'))
  publishers = ['gw-1', 'gw-2'].map((id) => createPublisher(id, random))
  const trust = await makeSite(dataDir, publishers)
  for (const one of publishers) one.pin(trust)
})
afterEach(async () => {
  await site?.kill()
  rmSync(dataDir, { recursive: true, force: true })
})

const linux = existsSync('/proc/self/fd')
if (!linux) console.warn('file handles are counted in /proc, which is not here: left out')

it.skipIf(!linux)(
  'out of file handles the site acknowledges nothing, and goes on by itself when strangers hang up',
  async () => {
    site = await startSite(dataDir, { openFiles: 90 })
    const { pid, mqttPort } = site
    const publishing = keepPublishing(publishers, mqttPort)
    await publishing.grown(40)
    const strangers: Socket[] = []
    const handles = () => readdirSync(`/proc/${pid}/fd`).length
    // They come faster than the site ends those that say nothing.
    const coming = setInterval(() => {
      for (let i = 0; i < 40; i++) strangers.push(connect(mqttPort, '127.0.0.1').on('error', () => undefined))
    }, 100)
    try {
      await vi.waitFor(() => expect(site?.logged(50).join()).toContain('EMFILE'), { timeout: 30_000 })
      expect(handles()).toBeGreaterThan(80)
    } finally {
      clearInterval(coming)
      for (const one of strangers) one.destroy()
    }
    await publishing.grown(40)
    await vi.waitFor(async () => expect(await site?.health()).toBe(200), { timeout: 15_000 })
    await publishing.end()
    expect(site.pid).toBe(pid)
    expect(await site.kill('SIGTERM')).toBe(0)
    site = undefined
    await judge(dataDir, publishers)
  },
  90_000,
)
