import { DAY, HOUR } from '@hours/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mostOpenDays } from '../figures/figure-reader.ts'
import { enrolmentRecord, pageMs, site, start } from '../ingest.fixture.ts'
import { type ApiWorld, createApiWorld } from './api.fixture.ts'
import { type Cut, cutsIn, refuseTooMany } from './usage-cuts.ts'
import type { Named } from './usage-level.ts'

/** More instruments than whose open day can be worked out while somebody waits; all but two say nothing. */
let world: ApiWorld
const silent = mostOpenDays - 1
const now = start + 3 * pageMs + 1_000
beforeAll(async () => {
  world = await createApiWorld()
  await world.ingest.recordAll(
    Array.from({ length: silent }, (_, i) => enrolmentRecord('gw-2', `silent-${i}`)),
  )
  for (let page = 0; page < 3; page++) await world.page()
  expect(world.clock.wall()).toBe(now)
}, 60_000)
afterAll(() => world.close())

interface Row {
  readonly key: string
  readonly label: string
  readonly states: Record<string, number>
  readonly effective: number
  readonly effectiveUpper: number
}
async function usage(query: string) {
  const answer = await world.get(`/api/v1/usage?${query}`)
  return {
    status: answer.statusCode,
    body: answer.json<Record<string, unknown> & Record<'rows' | 'totals', Row[]>>(),
  }
}

describe('usage of a large fleet', () => {
  it('has the states of today, and says that nobody has been named for it yet', async () => {
    const { body } = await usage('period=2026-01-05')
    expect(body).toMatchObject({ until: now, attributedUntil: start })
    expect(body.rows).toHaveLength(silent + 2)
    const of = (name: string) => body.rows.find(({ key }) => key === `${site}/${name}`)
    expect(of('sem-01')).toMatchObject({
      states: { run: 3 * pageMs, unknown: 1_000 },
      ...{ run: 3 * pageMs, effective: 0, effectiveUpper: now - start, externalUpper: now - start },
    })
    expect(of('silent-7')).toMatchObject({ states: { unknown: now - start }, on: 0, coverage: 0 })
    const [total] = body.totals
    expect(total?.states['unknown']).toBe((silent + 1) * (now - start) - 1.5 * pageMs + 1_000)
  })

  it('is refused before anything is read where it would be too much, and says what to ask for', () => {
    const entry = { enrolments: [{ from: start - 400 * DAY }], zone: 'Asia/Shanghai' }
    const named = Array.from({ length: 300 }, (_, i) => ({ name: `x/${i}`, entry })) as unknown as Named[]
    const period = { from: start - 365 * DAY, to: start }
    const asked = { zone: 'Asia/Shanghai', in: () => period, end: start, begins: '2025-01-05' }
    const ask = (by: Cut, level: string, all = named) =>
      refuseTooMany(all, cutsIn(all, { asked, period: '2025', by, now: start }), { by, level })
    expect(() => ask('day', 'instrument')).toThrow(
      expect.objectContaining({
        status: 400,
        detail: expect.objectContaining({ field: 'by', value: 'day' }) as object,
      }) as Error,
    )
    expect(() => ask('month', 'instrument')).not.toThrow()
    expect(() => ask('day', 'entity')).not.toThrow()
    expect(() => ask('day', 'entity', [...named, ...named, ...named, ...named])).toThrow(/too many rows/)
  })

  it('of one instrument attributes today as well', async () => {
    const { body } = await usage(`period=2026-01-05&scope=${site}/sem-01`)
    expect(body).toMatchObject({ until: now, attributedUntil: now, rows: [{ effective: 3 * pageMs }] })
    expect(body.rows[0]?.effectiveUpper).toBeLessThanOrEqual(now - start + HOUR)
  })
})
