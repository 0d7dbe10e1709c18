import type { FigureLine } from '@hours/usage'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { enrolmentRecord, site } from '../ingest.fixture.ts'
import type { RecordItem } from '../write-records.ts'
import { type ApiWorld, createApiWorld } from './api.fixture.ts'

// Quotas, years and weights of figures are those of the rule set that they name (domain.md, D6).

let world: ApiWorld
interface Answer {
  readonly ruleset: { readonly id: string; readonly version: string; readonly hash: string }
  readonly figures: readonly FigureLine[]
}
const sem = `${site}/sem-01`
const nmr = `${site}/nmr-01`

beforeAll(async () => {
  world = await createApiWorld()
  const special = enrolmentRecord('gw-1', 'nmr-01')
  await world.ingest.recordAll([{ ...special, body: { ...special.body, class: 'special' } } as RecordItem])
  for (let i = 0; i < 12; i++) await world.page()
})
afterAll(() => world.close())

async function figures(scope: string, more = ''): Promise<Answer> {
  const answer = await world.get(`/api/v1/figures?scope=${scope}&period=2026-01-05&members=0${more}`)
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json<Answer>()
}
const quotaOf = async (scope: string, ruleset?: string) => {
  const answer = await figures(scope, ruleset === undefined ? '' : `&ruleset=${ruleset}`)
  const line = answer.figures.find(({ kpi }) => kpi === 'utilQuota')
  return line?.denominator
}
async function post(id: string, more: object): Promise<string> {
  const title = { en: id }
  const body = { id, version: '1', title, from: '2026-01-01', year: 'calendar', ...more }
  const answer = await world.api.inject({ method: 'POST', url: '/api/v1/rulesets', payload: body })
  expect(answer.statusCode, answer.body).toBe(201)
  return answer.json<{ hash: string }>().hash
}

it('without a rule set are those of the default one, and name it with its hash', async () => {
  const { ruleset } = await figures(sem)
  expect(ruleset).toEqual({
    id: 'default',
    version: '1',
    hash: expect.stringMatching(/^[\w-]{43}$/) as string,
  })
  expect([await quotaOf(sem), await quotaOf(nmr), await quotaOf('all')]).toEqual([
    ...['quota:1400', 'quota:800', 'quota:mixed'],
  ])
  const sheet = (await world.get(`/api/v1/exports?scope=${sem}&period=2026-01-05&format=json`)).json<Answer>()
  expect(sheet.ruleset).toEqual(ruleset)
})

it('have the quota that the rule set gives each instrument: by class, by default of a parameter, or none', async () => {
  await post('flat', { quotaHours: 1600 })
  await post('asked', {
    parameters: { due: { title: { en: 'Hours due' }, default: 900 } },
    quotaHours: ['case', ['eq', '$class', 'special'], '$p.due', null],
  })
  await post('open', { parameters: { due: { title: { en: 'Hours due' } } }, quotaHours: '$p.due' })
  expect([await quotaOf(sem, 'flat'), await quotaOf(nmr, 'flat'), await quotaOf('all', 'flat')]).toEqual(
    Array(3).fill('quota:1600'),
  )
  expect([await quotaOf(sem, 'asked'), await quotaOf(nmr, 'asked')]).toEqual([undefined, 'quota:900'])
  expect([await quotaOf(sem, 'open'), await quotaOf(sem, 'cn-national-2026')]).toEqual([undefined, undefined])
  const export1 = await world.get(`/api/v1/exports?scope=${sem}&period=2026-01-05&format=csv&ruleset=flat`)
  expect(export1.body).toContain('quota:1600')
})

it('an installation has its own by a later version of the default', async () => {
  const hash = await post('default', { version: 'ours', quotaHours: 1000 })
  expect((await figures(sem)).ruleset).toEqual({ id: 'default', version: 'ours', hash })
  expect(await quotaOf(sem)).toBe('quota:1000')
  expect(await quotaOf(sem, 'default@1')).toBe('quota:1400')
})
