import { DAY, HOUR } from '@hours/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pageMs, site, start } from '../ingest.fixture.ts'
import { type ApiWorld, createApiWorld } from './api.fixture.ts'
import { entriesOf } from './scope.ts'
import { createStanding } from './standing.ts'
import { createWeekCache } from './week-cache.ts'

/** 5 January 2026 is a Monday; `start` is its midnight in Shanghai. */
let world: ApiWorld
beforeAll(async () => {
  world = await createApiWorld()
  for (let page = 0; page < 5; page++) await world.page()
  world.clock.advanceTo(start + DAY + HOUR)
})
afterAll(() => world.close())

interface Answer {
  readonly from: number
  readonly to: number
  readonly run: readonly number[]
  readonly known: readonly number[]
  readonly instruments: number
  readonly counted: number
}
const ask = async (query = '') => (await world.get(`/api/v1/week-hours?weeks=1${query}`)).json<Answer>()
const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0)

/** A page that comes a day late; the clock stays. */
async function latePage(): Promise<void> {
  const { gateway, ingest } = world
  const payload = gateway.page({ 'sem-01': [['run', 0, pageMs]], 'nmr-01': [['standby', 0, pageMs / 2]] })
  await ingest.commit({ topic: gateway.topic, payload, client: gateway.id })
  await ingest.settled()
}

describe('hours of the week', () => {
  it('are the states of every instrument, summed by local hour over whole weeks', async () => {
    const answer = await ask()
    expect(answer).toMatchObject({ to: start + DAY, from: start - 6 * DAY, instruments: 2, counted: 2 })
    expect(sum(answer.run)).toBe(5 * pageMs)
    expect(sum(answer.known)).toBe(7.5 * pageMs)
    const perHour = HOUR / pageMs
    expect(answer.run.slice(0, 2)).toEqual([Math.min(5, perHour) * pageMs, Math.max(0, 5 - perHour) * pageMs])
  })

  it('are of the scope that is asked for', async () => {
    expect(await ask(`&scope=${site}/nmr-01`)).toMatchObject({ instruments: 1, counted: 1 })
    expect(sum((await ask(`&scope=${site}/nmr-01`)).run)).toBe(0)
    expect((await world.get('/api/v1/week-hours?scope=org:nowhere')).statusCode).toBe(404)
    const refused = await world.get('/api/v1/week-hours?weeks=13')
    expect([refused.statusCode, refused.body]).toEqual([400, expect.stringContaining('weeks') as string])
  })

  it('have what comes late, at once', async () => {
    await latePage()
    const answer = await ask()
    expect(sum(answer.run)).toBe(6 * pageMs)
    expect(sum(answer.known)).toBe(9 * pageMs)
  })

  it('come part by part where there is no time for all, until all are counted', async () => {
    const weeks = createWeekCache(world.context)
    const entries = entriesOf(world.context, createStanding(world.ingest.registry)(), 'all')
    const first = await weeks.sums(entries, 1, 0)
    expect(first.counted).toBe(1)
    const { run, known, counted } = await ask()
    expect(await weeks.sums(entries, 1, 0)).toEqual({ run, known, counted })
    weeks.close()
  })
})
