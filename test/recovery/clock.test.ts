import { parseRecord } from '@hours/ledger'
import { DAY, type InstrumentId, instrumentKey } from '@hours/protocol'
import { reconcile } from '@hours/ingest'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import {
  closeTestSite,
  createTestGateway,
  enrolmentRecord,
  openIngest,
  openTestSite,
  pageMs,
  run,
  site,
  start,
  type TestSite,
} from '../../ingest/src/ingest.fixture.ts'

const key = instrumentKey(site, 'sem-01' as InstrumentId)
let dataDir: string
let clock: TestSite['clock']
let gateway: TestSite['gateway']
let ingest: TestSite['ingest']

beforeEach(async () => {
  ;({ dataDir, clock, gateway, ingest } = await openTestSite())
  for (let i = 0; i < 3; i++) await live(pageMs)
})
afterEach(() => closeTestSite({ dataDir, ingest }))

const send = (payload: Uint8Array) => ingest.commit({ topic: gateway.topic, payload })

/** Time passes on this machine, and the gateway sends the page of it. */
async function live(ms: number): Promise<Uint8Array> {
  clock.advanceTo(clock.wall() + ms)
  const page = gateway.page({ 'sem-01': run })
  await send(page)
  await ingest.settled()
  return page
}

const minutes = async (count: number) => {
  for (let i = 0; i < count * 6; i++) {
    clock.advanceTo(clock.wall() + 10_000)
    await ingest.settled()
  }
}

/** All of it counts as it would have, whatever the clock did. */
async function everythingCounts(pages: number): Promise<void> {
  await minutes(3)
  const to = gateway.at()
  expect(ingest.index.spans(key, start, to)).toEqual([{ state: 'run', from: start, to }])
  expect(ingest.index.gatewayCounts(gateway.id)).toMatchObject({ received: pages, missing: 0, rejected: 0 })
  expect(ingest.quarantine.count()).toBe(0)
  expect(ingest.health()).toEqual({ ok: true, reasons: [] })
  await ingest.close()
  expect((await reconcile(dataDir)).differences).toEqual([])
  ingest = await openIngest(dataDir, clock)
}

it('stepped back a day: pages of the present wait without a refusal, and count when the clock is right again', async () => {
  // So soon after the last `time` record there is none yet after this page, and a wrong one would disown it.
  const short = gateway.at() - start
  const length = 20_000
  const mono: [number, number] = [short + 1_000, short + 1_000 + length]
  clock.advanceTo(clock.wall() + length)
  await send(gateway.page({ 'sem-01': [['run', 0, length]] }, { to: gateway.at() + length, mono }))
  clock.step(-DAY)
  const page = gateway.page({ 'sem-01': run })
  clock.advanceTo(clock.wall() + pageMs)
  await expect(send(page)).rejects.toMatchObject({ code: 'clock_behind' })
  await minutes(2)
  expect(ingest.health().reasons.join()).toMatch(/clock of this machine is 8640\d{4} ms behind.*Fix/)
  await expect(send(page)).rejects.toMatchObject({ code: 'clock_behind' })
  clock.step(DAY)
  await send(page)
  await everythingCounts(5)
})

it('set back a day while the site was down: the start knows it by the log', async () => {
  await minutes(2)
  await ingest.close()
  clock.step(-DAY)
  ingest = await openIngest(dataDir, clock)
  const page = gateway.page({ 'sem-01': run })
  clock.advanceTo(clock.wall() + pageMs)
  await expect(send(page)).rejects.toMatchObject({ code: 'clock_behind' })
  expect(ingest.health().ok).toBe(false)
  clock.step(DAY)
  await send(page)
  await everythingCounts(4)
})

it('what a gateway had kept from before is taken all the same, and no time is signed that goes back', async () => {
  clock.step(-DAY)
  const before = ingest.log.size()
  const rest = createTestGateway('gw-2', start - 2 * DAY)
  await ingest.recordAll([...rest.records(), enrolmentRecord('gw-2', 'sem-02', start - 3 * DAY)])
  await ingest.commit({ topic: rest.topic, payload: rest.page({ 'sem-02': run }) })
  await minutes(3)
  expect(ingest.index.gatewayCounts(rest.id)).toMatchObject({ received: 1, rejected: 0 })
  const kindsSince = (index: number) =>
    [...ingest.log.entries({ year: 2026, index })].map(({ bytes }) => {
      const record = parseRecord(bytes)
      return record.ok ? record.value.kind : undefined
    })
  expect(kindsSince(before - 1)).toContain('page')
  expect(kindsSince(before - 1)).not.toContain('time')
  clock.step(DAY)
  await minutes(2)
  await vi.waitFor(() => expect(kindsSince(before - 1)).toContain('time'))
})

it('under a clock that is right the future of a gateway is refused for good', async () => {
  await send(gateway.page({ 'sem-01': run }))
  expect(ingest.quarantine.list(1)).toMatchObject([{ code: 'future' }])
})
