import { rmSync } from 'node:fs'
import { createManualClock, DAY, type ManualClock, MINUTE } from '@hours/protocol'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { freshFolder, openIngest, start } from '../ingest.fixture.ts'
import type { RunningIngest } from '../running-ingest.ts'
import { type ChannelMonitor, createChannelMonitor } from './channel-monitor.ts'
import { openProbeStore } from './probe-store.ts'
import { channelOf, openWeb, page, type Web } from './web.fixture.ts'

let folder: string
let clock: ManualClock
let ingest: RunningIngest
let web: Web
let monitor: ChannelMonitor
/** What a probe takes, ms; real time is not waited for. */
let takes = 100

beforeEach(async () => {
  folder = freshFolder()
  clock = createManualClock(start)
  ingest = await openIngest(folder, clock)
  web = await openWeb(page('Booking'))
  takes = 100
  monitor = monitorOf()
})
afterEach(async () => {
  await monitor.close()
  await web.close()
  await ingest.close()
  rmSync(folder, { recursive: true, force: true })
})

function monitorOf(reference?: string): ChannelMonitor {
  let watch = 0
  return createChannelMonitor({
    ...{ ingest, clock },
    settings: {
      channels: [channelOf(web.url, { openAfter: 3, closeAfter: 2 }, { contains: 'Booking' })],
      ...(reference === undefined ? {} : { reference }),
    },
    store: openProbeStore(`${folder}/channels.sqlite`),
    log: pino({ level: 'silent' }),
    stopwatch: () => (watch += takes),
  })
}

/** So many probes, five minutes apart. */
async function probes(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    clock.advanceTo(clock.wall() + 5 * MINUTE)
    await monitor.probe('gz-net')
  }
}
const records = () => ingest.registry.records('incident').map(({ record }) => record)

it('three probes in a row without the page open an incident from the first of them, two with it close it', async () => {
  await probes(2)
  web.answer = page('gone', 404)
  const dead = clock.wall() + 5 * MINUTE
  await probes(2)
  expect(monitor.incidents('gz-net')).toEqual([])
  await probes(1)
  expect(monitor.incidents('gz-net')).toMatchObject([
    { kind: 'page_dead', owner: 'Centre A', channel: 'gz-net', from: dead, actor: 'probe' },
  ])
  expect(monitor.incidents('gz-net')[0]?.to).toBeUndefined()
  expect(monitor.incidents('gz-net')[0]?.evidence).toContain('3 probes in a row')
  expect(monitor.incidents('gz-net')[0]?.evidence).toContain('HTTP 404')
  await probes(4)
  expect(records()).toHaveLength(1)

  web.answer = page('Booking')
  const back = clock.wall() + 5 * MINUTE
  await probes(2)
  const [only, ...others] = monitor.incidents('gz-net')
  expect(others).toEqual([])
  expect(only).toMatchObject({ from: dead, to: back })
  // Both are signed records of the log, the second with the id of the first.
  expect(records().map(({ id }) => id)).toEqual([only?.id, only?.id])
})

it('one bad probe opens nothing, and one good one closes nothing', async () => {
  for (let i = 0; i < 4; i++) {
    web.answer = page('', 500)
    await probes(2)
    web.answer = page('Booking')
    await probes(1)
  }
  expect(records()).toEqual([])
  web.answer = page('', 500)
  await probes(3)
  web.answer = page('Booking')
  await probes(1)
  web.answer = page('', 500)
  await probes(1)
  expect(monitor.incidents('gz-net')).toHaveLength(1)
  expect(monitor.incidents('gz-net')[0]?.to).toBeUndefined()
})

it('a slow page is an incident of its own, while the page counts as available', async () => {
  takes = 4_000
  await probes(3)
  expect(monitor.incidents('gz-net')).toMatchObject([{ kind: 'page_slow' }])
  expect(monitor.standing('gz-net')).toMatchObject({ probed: 3, ok: 3, availability: 1 })
  expect(monitor.standing('gz-net').latencyMs).toEqual({ p50: 4_000, p95: 4_000 })
})

it('availability is ok over probed, today included; nothing probed is unknown', async () => {
  expect(monitor.standing('gz-net')).toMatchObject({ probed: 0, availability: null })
  await probes(3)
  web.answer = page('', 500)
  await probes(1)
  const { availability, failures, pages } = monitor.standing('gz-net')
  expect(availability).toBe(0.75)
  expect([...failures]).toEqual([['http_status', 1]])
  expect(pages).toMatchObject([{ id: 'booking', last: { ok: false, status: 500 } }])
})

it('a day that is over becomes one signed digest; a day nobody looked becomes none', async () => {
  await probes(4)
  clock.advanceTo(start + 3 * DAY)
  await probes(1)
  await probes(1)
  const digests = ingest.registry.records('probe').map(({ record }) => record)
  expect(digests).toMatchObject([
    { channel: 'gz-net', day: '2026-01-05', probed: 4, ok: 4, latencyMs: { p50: 100, p95: 100 } },
  ])
  expect(monitor.standing('gz-net').probed).toBe(6)
})

it('a restart goes on where it was: counts, open incidents and digests are not made twice', async () => {
  web.answer = page('', 500)
  await probes(3)
  await monitor.close()
  monitor = monitorOf()
  await probes(1)
  expect(records()).toHaveLength(1)
  expect(monitor.standing('gz-net').probed).toBe(4)
  web.answer = page('Booking')
  await probes(1)
  await monitor.close()
  monitor = monitorOf()
  await probes(1)
  expect(monitor.incidents('gz-net')).toMatchObject([{ to: clock.wall() - 5 * MINUTE }])
})

it('looks by its clock, every five minutes', async () => {
  clock.advanceTo(start + 5 * MINUTE)
  await vi.waitFor(() => expect(monitor.standing('gz-net').probed).toBe(1))
  await monitor.probe('gz-net')
  expect(web.asked.length).toBeGreaterThanOrEqual(1)
})

it('while the reference page cannot be reached either, nothing is said about others', async () => {
  const reference = await openWeb(page('always there'))
  await monitor.close()
  monitor = monitorOf(reference.url)
  await web.close()
  const probed = () => monitor.standing('gz-net').probed
  // The reference is on a private address as well, and this channel may go there.
  await probes(1)
  expect(probed()).toBe(1)
  await reference.close()
  await probes(3)
  expect(probed()).toBe(1)
  web = await openWeb(page('Booking'))
})
