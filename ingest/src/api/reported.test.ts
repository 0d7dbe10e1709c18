import { HOUR, type Page } from '@hours/protocol'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { pageMs, site, start } from '../ingest.fixture.ts'
import { type ApiWorld, createApiWorld } from './api.fixture.ts'

let world: ApiWorld
beforeEach(async () => void (world = await createApiWorld()))
afterEach(() => world.close())

/** A page in which sem-01 runs throughout, with the evidence it has. */
async function page(evidence?: string): Promise<void> {
  const { gateway, clock, ingest } = world
  const n = (gateway.at() - start) / pageMs + 1
  const part = { id: 'sem-01', spans: [['run', 0, pageMs]], onMs: n * pageMs, runMs: n * pageMs }
  const instrument = { ...part, mwh: 0, samples: 3, rejected: 0, ...(evidence ? { evidence } : {}) }
  const payload = gateway.page({}, { instruments: [instrument] } as unknown as Partial<Page>)
  clock.advanceTo(gateway.at() + 1_000)
  await ingest.commit({ topic: gateway.topic, payload, client: gateway.id })
  await ingest.settled()
}

it('hours of another system’s word are known, and shown as of a lower grade wherever hours are judged', async () => {
  await page()
  for (let i = 0; i < 3; i++) await page('reported')
  const read = async (url: string) => (await world.get(url)).json<Record<string, unknown>>()
  expect(await read(`/api/v1/instruments/${site}/sem-01`)).toMatchObject({ evidence: 'reported' })
  expect(await read(`/api/v1/instruments/${site}/nmr-01`)).toMatchObject({ evidence: 'sensor' })
  world.clock.advanceTo(start + HOUR)
  const quality = await read('/api/v1/quality?period=2026-01-05')
  expect(quality).toMatchObject({ total: { reported: 3 * pageMs } })
  expect(quality['items']).toContainEqual(
    expect.objectContaining({ instrument: `${site}/sem-01`, live: 4 * pageMs, reported: 3 * pageMs }),
  )
  const table = await world.get('/api/v1/quality?period=2026-01-05&format=csv')
  expect(table.body).toMatch(/recovered_h,reported_h,/)
  // The class of a page is judged again when its arrival is known, and later pages of a sensor are a sensor's.
  await page()
  expect(await read('/api/v1/quality?period=2026-01-05')).toMatchObject({ total: { reported: 3 * pageMs } })
  expect(await read(`/api/v1/instruments/${site}/sem-01`)).toMatchObject({ evidence: 'sensor' })
})
