import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayId, idPattern, InstrumentId, parseInstrumentKey, SiteId } from './ids.ts'
import { pageTopic, parseTopic, stateTopic } from './topics.ts'

const site = SiteId.parse('gz-gibh')
const gateway = GatewayId.parse('gw-0007')
const id = fc.stringMatching(idPattern)

describe('topics', () => {
  it('are taken apart as they were put together, for every id', () => {
    fc.assert(
      fc.property(id, id, id, (s, g, i) => {
        const ids = { site: SiteId.parse(s), gateway: GatewayId.parse(g) }
        const instrument = InstrumentId.parse(i)
        expect(parseTopic(pageTopic(ids.site, ids.gateway))).toEqual({
          ok: true,
          value: { ...ids, kind: 'page' },
        })
        expect(parseTopic(stateTopic(ids.site, ids.gateway, instrument))).toEqual({
          ok: true,
          value: { ...ids, kind: 'state', instrument },
        })
      }),
    )
  })

  it.each([
    'hours/1/gz-gibh/gw-0007',
    'hours/2/gz-gibh/gw-0007/page',
    'hours/1/gz-gibh/gw-0007/page/',
    'hours/1/gz-gibh/gw-0007/page/x',
    'hours/1//gw-0007/page',
    'hours/1/GZ/gw-0007/page',
    'hours/1/gz-gibh/+/page',
    'hours/1/gz-gibh/gw-0007/state',
    'hours/1/gz-gibh/gw-0007/state/a/b',
    'hours/1/gz-gibh/gw-0007/__proto__',
    '$SYS/broker',
    '',
  ])('refuses %j', (topic) => {
    expect(parseTopic(topic)).toMatchObject({ ok: false, error: { code: 'bad_topic' } })
  })

  it('builds the page topic of the wire format', () => {
    expect(pageTopic(site, gateway)).toBe('hours/1/gz-gibh/gw-0007/page')
  })
})

describe('an instrument key', () => {
  it('is site and instrument, and nothing else', () => {
    expect(parseInstrumentKey('gz-gibh/sem-01')).toEqual({ ok: true, value: { site, instrument: 'sem-01' } })
    for (const bad of ['sem-01', 'a/b/c', '/sem-01', '../x', `${'a'.repeat(41)}/b`, '-a/b'])
      expect(parseInstrumentKey(bad).ok).toBe(false)
  })
})
