import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasPython, readPdf, readXlsx } from '../../ingest/src/exports/readers.fixture.ts'
import { findPdfFont } from '../../ingest/src/exports/pdf-font.ts'
import { hostileCases } from '../hostile-cases.ts'
import { type Caller, createDoorsWorld, type DoorsWorld, foreign } from './doors.fixture.ts'

/**
 * What an organisation takes home: assessments under every rule set there is, and every kind of file, read back as what
 * they say. The operator's of the same name name the other organisation: so the test sees what there is to see.
 */
const count = hostileCases()
let world: DoorsWorld
let operator: Caller
let own: Caller
beforeAll(async () => {
  world = await createDoorsWorld()
  operator = await world.caller('operator', null)
  own = await world.caller('organisation_admin', ['gibh'])
})
afterAll(() => world.close())

interface RuleSets {
  readonly items: readonly {
    readonly id: string
    readonly year: string
    readonly parameters: Readonly<Record<string, { readonly type: string; readonly required: boolean }>>
  }[]
}

it('assessments under each rule set name nobody of another organisation', async () => {
  const { items } = (await operator.get('/api/v1/rulesets')).json<RuleSets>()
  expect(items.length).toBeGreaterThan(5)
  let told = 0
  for (const { id, year, parameters } of items) {
    const wanted = Object.entries(parameters).filter(([, { required }]) => required)
    const values = wanted.map(([name, { type }]) => [name, type === 'text' ? 'general' : 1])
    const given = encodeURIComponent(JSON.stringify(Object.fromEntries(values)))
    const period = year === 'academic' ? 'AY2025' : '2026'
    for (const format of ['json', 'csv']) {
      const address = `/api/v1/assessments?ruleset=${id}&scope=all&period=${period}&parameters=${given}&format=${format}`
      const [whole, part] = [await operator.get(address), await own.get(address)]
      expect([whole.statusCode, part.statusCode], `${address}: ${part.body.slice(0, 300)}`).toEqual([
        200, 200,
      ])
      expect(part.body, address).not.toMatch(foreign)
      // Who is left out stands in the JSON with the reason, in the CSV only who has a rank.
      if (format === 'json') expect(part.body, address).toContain('sem-01')
      if (foreign.test(whole.body)) told += 1
      count()
      const theirs = await own.get(address.replace('scope=all', 'scope=org:zebra'))
      const nobodys = await own.get(address.replace('scope=all', 'scope=org:nobdy'))
      expect([theirs.statusCode, theirs.body.replaceAll('zebra', 'nobdy')]).toEqual([
        nobodys.statusCode,
        nobodys.body,
      ])
      count()
    }
  }
  expect(told).toBeGreaterThanOrEqual(items.length)
})

describe('a file', () => {
  const plain = (answer: { body: string }) => answer.body
  const sheets = ({ rawPayload }: { rawPayload: Buffer }) => JSON.stringify(readXlsx(rawPayload))
  /** What a form asks for beside scope and period. */
  const fields: Readonly<Record<string, string>> = {
    sj3: '&schoolCode=12345&signedOffBy=x',
    nrii: '&insCode=1',
  }
  const readers: Readonly<Record<string, (answer: { body: string; rawPayload: Buffer }) => string>> = {
    csv: plain,
    json: plain,
    nrii: plain,
    ...(hasPython ? { xlsx: sheets, sj3: sheets } : {}),
    ...(hasPython && findPdfFont() ? { pdf: ({ rawPayload }) => readPdf(rawPayload).flat().join('\n') } : {}),
  }

  it.each(Object.entries(readers))(
    'as %s says nothing of another organisation, read back',
    async (format, read) => {
      const asked = `/api/v1/exports?scope=all&period=2026-01&format=${format}${fields[format] ?? ''}`
      const [whole, part] = [await operator.get(asked), await own.get(asked)]
      expect([whole.statusCode, part.statusCode], part.body.slice(0, 300)).toEqual([200, 200])
      expect(read(part), asked).not.toMatch(foreign)
      expect(read(part)).toMatch(/sem-01|SEM/i)
      expect(read(whole)).toMatch(foreign)
      count()
    },
  )
})
