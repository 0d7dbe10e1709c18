import { DAY, HOUR, MINUTE } from '@hours/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ChannelMonitor } from '../../ingest/src/channels/channel-monitor.ts'
import { openWeb, page, type Web } from '../../ingest/src/channels/web.fixture.ts'
import { site, start } from '../../ingest/src/ingest.fixture.ts'
import { at, probing, session, type SystemWorld, systemWorld, type Unit } from './systems.fixture.ts'

const base: readonly Unit[] = [
  ['guangdong', null, 'province'],
  ['owner', 'guangdong', 'entity'],
  ['owner-lab', 'owner', 'unit'],
  ['owner-dept', 'owner', 'unit'],
  ['small-firm', 'guangdong', 'entity', { sme: true }],
  ['big-firm', 'guangdong', 'entity'],
  ['hk-lab', 'guangdong', 'entity', { hkMacaoForeign: true }],
]
type Figures = { figures: { kpi: string; value: number | null }[] }
type Ranked = { instruments: { id: string; grade: string | null }[] }
let world: SystemWorld
let web: Web
beforeEach(async () => {
  web = await openWeb(page('Booking'))
})
afterEach(async () => {
  await world.close()
  await web.close()
})

/** Somebody probes the channel's booking page; `probe` is one more look at it, five minutes later. */
let monitor: ChannelMonitor | undefined
function watched(id: string, owner: string) {
  const watch = probing(web, id, owner)
  return (made: Parameters<typeof watch>[0]) => (monitor = watch(made))
}
async function probe(channel: string): Promise<void> {
  world.clock.advanceTo(world.clock.wall() + 5 * MINUTE)
  await monitor?.probe(channel)
}

/** A rule of a facility's own: good from so many outside hours on, and money by the hour for whoever has two of them. */
const duty = (version: string, from: number) => ({
  ...{ id: 'duty', version, title: { en: 'Duties' }, from: '2026-01-01', year: 'calendar' },
  instrument: {
    items: [{ id: 'outside', title: { en: 'Outside' }, points: '$externalH', max: 8 }],
    grade: ['grade', '$externalH', from, 'good', 'poor'],
    awards: [
      {
        ...{ id: 'back', title: { en: 'Given back' }, kind: 'reward' },
        ...{ when: ['ge', '$externalH', 2], fen: ['mul', '$externalH', 10_000] },
      },
    ],
  },
  ranking: ['$externalH'],
})

const inMs = (hours: number[]) => hours.map((one) => one * HOUR)

/** Issue 4, Show 4: domain.md, section 3, a test a row; the hours come from signed pages, the rest over the API. */
describe('the systems of the South China survey', () => {
  it('1 provincial network: enterprises with their flag, vouchers and subsidies a session', async () => {
    world = await systemWorld(base, { sem: 'owner-lab' })
    await world.post('sessions', [session('sem', 'small-firm', [0, 1]), session('sem', 'big-firm', [1, 4])])
    await world.post('vouchers', { instrument: `${site}/sem`, at: at(1), fen: 120_000, payer: 'small-firm' })
    await world.post('subsidies', { instrument: `${site}/sem`, at: at(2), fen: 50_000 })
    const told = { voucherFen: 120_000, subsidyFen: 50_000, smesServed: 1, organisationsServed: 2 }
    for (const scope of ['org:guangdong', 'org:owner', 'all'])
      expect(await world.figures(scope)).toMatchObject({ ...told, external: 4 * HOUR, smeShare: 0.25 })
  })

  it('2 cooperative network of many owners: hours and rates with named denominators, projects and samples', async () => {
    world = await systemWorld([...base, ['other', 'guangdong', 'entity'], ['other-lab', 'other', 'unit']], {
      sem: 'owner-lab',
      nmr: 'other-lab',
    })
    await world.post('sessions', [
      session('sem', 'other-lab', [0, 2], { project: 'p1', samples: 12 }),
      session('nmr', 'other', [0, 4], { project: 'p2', purpose: 'research' }),
    ])
    expect(await world.figure('all', 'shareHours')).toMatchObject({ value: 0.25, denominator: 'effective' })
    expect(await world.figures('all')).toMatchObject({ meanOnPerSet: 6 * HOUR, samples: 12, projects: 2 })
    expect(await world.figures('org:owner')).toMatchObject({ samples: 12, projects: 1, external: 2 * HOUR })
  })

  it('3 a platform of listings without telemetry: unknown, never zero, and its dead page is a figure of its own', async () => {
    world = await systemWorld(
      base,
      { sem: 'owner-lab' },
      { sensed: false, channels: watched('yuekehui', 'the platform') },
    )
    // Seven hours of the day are over.
    const unknown = { value: 0, lower: 0, upper: 7 * HOUR, grade: 'not verifiable' }
    expect(await world.figure(`${site}/sem`, 'on')).toMatchObject(unknown)
    expect(await world.figures('all')).toMatchObject({ coverage: 0, shareHours: null, effective: 0 })
    // Its page answers once and is dead from then on.
    await probe('yuekehui')
    web.answer = page('gone', 404)
    for (let i = 0; i < 3; i++) await probe('yuekehui')
    const [channel] = (await world.get<{ items: object[] }>('channels')).items
    expect(channel).toMatchObject({ id: 'yuekehui', available: 0.25, probed: 4, openIncidents: 1 })
    const { items } = await world.get<{ items: object[] }>('channels/yuekehui/incidents')
    expect(items).toMatchObject([{ kind: 'page_dead', owner: 'the platform', to: null }])
  })

  it('4 an unidentified platform: bookings that name no known instrument are refused with a reason', async () => {
    world = await systemWorld(base, { sem: 'owner-lab' })
    const answer = await world.post('bookings', [
      session('sme', 'small-firm', [0, 1], { channel: 'ran-sheng', externalId: '7' }),
    ])
    expect(answer.body).toMatchObject({
      accepted: 0,
      refused: 1,
      rows: [{ reason: expect.stringMatching(/enrolled/) as string }],
    })
  })

  it('5 one-stop window: self-operated use is open use, booked beside run', async () => {
    world = await systemWorld(base, { sem: 'owner-lab' })
    const booked = { channel: 'gz-service', externalId: 'b-1' }
    await world.post('bookings', session('sem', 'small-firm', [0, 3], booked))
    await world.post('sessions', session('sem', 'small-firm', [0, 3], { ...booked, way: 'self' }))
    expect(await world.figures('all')).toMatchObject({ openUse: 3 * HOUR, external: 3 * HOUR })
    const list = await world.get<{ items: { booked: boolean }[] }>('sessions')
    expect(list.items).toMatchObject([{ booked: true }])
    // Nobody recorded the last hour; who had booked it is named for it where the rule set says so, and by no other.
    await world.post('bookings', session('sem', 'big-firm', [3, 4]))
    await world.post('claims', {
      instrument: `${site}/sem`,
      from: at(0),
      to: at(6),
      effectiveMs: 6 * HOUR,
      source: 'book',
    })
    const sure = { id: 'sure', title: { en: 'Verified' }, value: ['sub', '$externalH', '$externalGrade1H'] }
    const rules = { ...duty('1', 3), bookings: 'claimed' }
    await world.post('rulesets', { ...rules, instrument: { ...rules.instrument, figures: [sure] } })
    const { instruments } = await world.get<{ instruments: { figures: object }[] }>(
      'assessments?ruleset=duty&period=2026-01-05',
    )
    expect(instruments[0]?.figures).toMatchObject({ sure: 1 })
    const graded = { effective: 4 * HOUR, externalGrade1: 3 * HOUR, externalGrade3: HOUR, externalGrade4: 0 }
    const declared = { declaredEffectiveMs: 6 * HOUR, declaredOnMs: 0 }
    expect(await world.figures('all')).toMatchObject({
      ...{ ...graded, ...declared, external: 3 * HOUR, unattributed: HOUR, organisations: 1 },
    })
    expect(await world.figures('all&ruleset=duty')).toMatchObject({
      ...{ ...graded, ...declared, external: 4 * HOUR, unattributed: 0, organisations: 2, shareHours: 1 },
    })
    for (const ruleset of [undefined, 'duty'])
      expect(await world.verified('org:owner', ruleset)).toMatchObject({ problems: [] })
    expect(await world.figures('all&ruleset=duty')).toMatchObject({ external: 4 * HOUR, organisations: 2 })
  })

  it('6 entrusted testing: samples, turnaround and income without clock times give no verified hour', async () => {
    world = await systemWorld(base, { ms: 'owner-lab' })
    const order = { ...session('ms', 'small-firm', [0, 0]), way: 'entrusted', samples: 40, yuan: '1200' }
    const turned = { receivedAt: at(-48), reportedAt: at(5) }
    const untimed = { ...order, ...turned, from: undefined, to: undefined, at: at(1) }
    const answer = await world.post('sessions', untimed)
    expect(answer.status, JSON.stringify(answer.body)).toBe(201)
    // It ran at that very instant; an order without clock times is given nothing of it all the same.
    const hours = { effective: 4 * HOUR, external: 0, unattributed: 4 * HOUR }
    expect(await world.figures(`${site}/ms`)).toMatchObject(hours)
    const { figures } = await world.get<Figures>('figures?scope=all&period=2026-01-05&members=0')
    const counted = ['external', 'shareInstruments', 'shareUsersOrg', 'organisationsServed']
    const shown = figures.filter(({ kpi }) => counted.includes(kpi))
    expect(Object.fromEntries(shown.map(({ kpi, value }) => [kpi, value]))).toEqual({
      ...{ external: 0, shareInstruments: 0, shareUsersOrg: null, organisationsServed: 1 },
    })
    const counts = { samples: 40, incomeOutsideFen: 120_000 }
    expect(await world.figures('all')).toMatchObject({ ...counts, turnarounds: 1, turnaroundMean: 53 * HOUR })
  })

  it('7 sample sending at several places: each site is a unit, the institute is their sum', async () => {
    world = await systemWorld(
      [...base, ['nansha', 'owner', 'unit'], ['foshan', 'owner', 'unit'], ['zhongshan', 'owner', 'unit']],
      { a: 'nansha', b: 'foshan', c: 'zhongshan' },
    )
    await world.post('sessions', [
      session('a', 'big-firm', [0, 4], { way: 'operated', samples: 5 }),
      session('b', 'nansha', [0, 2]),
    ])
    expect(await world.figures('org:nansha')).toMatchObject({ external: 4 * HOUR, samples: 5 })
    expect(await world.figures('org:foshan')).toMatchObject({ sameEntity: 2 * HOUR, external: 0 })
    const sum = { effective: 12 * HOUR, external: 4 * HOUR, sameEntity: 2 * HOUR, samples: 5, sets: 3 }
    expect(await world.figures('org:owner')).toMatchObject(sum)
  })

  it('8 internal centre: own unit and same entity stand apart, neither is external', async () => {
    world = await systemWorld(base, { sem: 'owner-lab' })
    await world.post('sessions', [session('sem', 'owner-lab', [0, 1]), session('sem', 'owner-dept', [1, 4])])
    const inside = { ownUnit: HOUR, sameEntity: 3 * HOUR, external: 0 }
    for (const scope of [`${site}/sem`, 'org:owner-lab', 'org:owner'])
      expect([scope, await world.figures(scope)]).toMatchObject([scope, inside])
  })

  it('9 one instrument in several networks is counted once', async () => {
    world = await systemWorld(base, { sem: 'owner-lab' })
    for (const channel of ['gz-network', 'gz-regional', 'gd-province'])
      await world.post('memberships', { channel, instrument: `${site}/sem`, from: start })
    expect(world.ingest.registry.records('membership')).toHaveLength(3)
    for (const scope of ['channel:gz-network', 'channel:gd-province', 'org:guangdong', 'all'])
      expect([scope, await world.figures(scope)]).toMatchObject([scope, { sets: 1, effective: 4 * HOUR }])
  })

  it('10 supercomputing: core-hours from the scheduler stand apart from hours', async () => {
    world = await systemWorld(base, { node: 'owner-lab' }, { enrolment: { node: { exclusive: false } } })
    const job = { ...session('node', 'big-firm', [0, 2]), coreHours: '128', nodeHours: '2', jobs: 3 }
    expect((await world.post('compute', job)).status).toBe(201)
    expect(await world.figures('all')).toMatchObject({
      ...{ coreMs: 128 * HOUR, nodeMs: 2 * HOUR, jobs: 3 },
      ...{ effective: 4 * HOUR, external: 0, unattributed: 4 * HOUR },
    })
  })

  it('11 the same session told by two channels is one', async () => {
    world = await systemWorld(base, { sem: 'owner-lab' })
    const ids = { externalIds: [{ channel: 'siat', id: '42' }] }
    await world.post('sessions', session('sem', 'small-firm', [0, 2], ids))
    const again = { externalIds: [...ids.externalIds, { channel: 'yuekehui', id: 'x-9' }] }
    const { body } = await world.post('sessions', session('sem', 'small-firm', [0, 2], again))
    expect(body.accepted).toBe(0)
    expect(world.ingest.registry.records('session')).toHaveLength(1)
    expect(await world.figures('all')).toMatchObject({ external: 2 * HOUR, organisationsServed: 1 })
  })

  it('12 paid services inside and outside: income by relation, on a rig without a sensor 0 verified hours', async () => {
    world = await systemWorld(base, { rig: 'owner-lab' }, { sensed: false })
    await world.post('sessions', [
      session('rig', 'owner-dept', [0, 2], { id: 's-in', yuan: '100' }),
      session('rig', 'big-firm', [2, 4], { id: 's-out', yuan: '900' }),
    ])
    const told = { effective: 0, external: 0, incomeInsideFen: 10_000, incomeOutsideFen: 90_000 }
    expect(await world.figures('all')).toMatchObject(told)
    expect(await world.figure('all', 'effective')).toMatchObject({ grade: 'not verifiable' })
  })

  it('13 large facility: shifts of beam time, stations under one source, nothing before it is enrolled', async () => {
    world = await systemWorld(
      base,
      { source: 'owner-lab', 'station-1': 'owner-lab', 'station-2': 'owner-lab' },
      {
        enrolment: {
          'station-1': { partOf: 'source' },
          'station-2': { partOf: 'source', from: at(3) },
        },
      },
    )
    await world.post('sessions', [
      session('station-1', 'hk-lab', [0, 4], { shifts: 2, samples: 7, way: 'operated' }),
      session('station-2', 'owner-dept', [3, 4], { shifts: 1, samples: 2 }),
    ])
    // One set: the hours of the source, shared by who uses its stations. Their own hours are in no total.
    const set = { sets: 1, on: 6 * HOUR, run: 4 * HOUR, effective: 4 * HOUR, external: 3.5 * HOUR }
    const counted = { shifts: 3, samples: 9, hkMacaoForeign: 3.5 * HOUR, shareInstruments: 1, users: 2 }
    const means = { meanOnPerSet: 6 * HOUR, meanEffectivePerSet: 4 * HOUR, meanExternalPerSet: 3.5 * HOUR }
    expect(await world.figures('all')).toMatchObject({ ...set, ...counted, ...means })
    expect(await world.figures(`${site}/source`)).toMatchObject({ ...set, ...counted })
    expect(Object.values(await world.kinds('all'))).toEqual([1])
    expect(await world.figures('org:owner')).toMatchObject({ ...set, shareLevel: 0.875 })
    expect(await world.figures(`${site}/station-1`)).toMatchObject({ external: 4 * HOUR, shifts: 2, sets: 1 })
    // Under construction until three: that time is outside of its year, neither off nor unknown.
    expect(await world.figures(`${site}/station-2`)).toMatchObject({ enrolled: 4 * HOUR, run: HOUR })
    type Summed = { totals: { run: number }[]; rows: { key: string; run: number }[] }
    const { totals, rows } = await world.get<Summed>('usage?scope=all&period=2026-01-05')
    expect([totals.map(({ run }) => run), rows.map(({ run }) => run)]).toEqual([[4], [4, 4, 1]].map(inMs))
    await world.post('rulesets', duty('1', 3))
    const { instruments } = await world.get<Ranked>('assessments?ruleset=duty&scope=all&period=2026-01-05')
    expect(instruments).toMatchObject([{ id: `${site}/source`, grade: 'good' }])
    for (const scope of ['all', `${site}/source`])
      expect(await world.verified(scope)).toMatchObject({ problems: [] })
    // The day is over and has its row by now: a late session of a station changes that of the source too.
    await world.post('sessions', session('station-1', 'big-firm', [0, 2]))
    expect(await world.figures('all')).toMatchObject({ ...set, hkMacaoForeign: 2.5 * HOUR })
    // Whoever takes a station out of the set takes its use along, out of the row of the source too.
    const [, alone] = world.ingest.registry.records('enrolment').map(({ record }) => record)
    const {
      partOf: _,
      v: _v,
      stream: _s,
      seq: _q,
      prev: _p,
      ...body
    } = alone ?? ({} as Record<string, unknown>)
    await world.ingest.record('enrolment', site, body as never)
    await world.ingest.settled()
    const apart = { sets: 2, effective: 8 * HOUR, external: 4 * HOUR, sameEntity: HOUR }
    expect(await world.figures('all')).toMatchObject(apart)
    expect(await world.figures(`${site}/source`)).toMatchObject({ external: 0, sameEntity: HOUR, shifts: 1 })
  })

  it('14 two-level university: external at college level is not external at school level', async () => {
    world = await systemWorld(
      [
        ...base,
        ['sysu', 'guangdong', 'entity'],
        ['college', 'sysu', 'unit'],
        ['other-college', 'sysu', 'unit'],
      ],
      { xrd: 'college' },
    )
    await world.post('sessions', [
      session('xrd', 'other-college', [0, 2]),
      session('xrd', 'big-firm', [2, 3]),
    ])
    // What the college gives to its neighbours is outside of it, and inside of the school.
    expect(await world.figures('org:college')).toMatchObject({ shareLevel: 0.75, external: HOUR })
    expect(await world.figures('org:sysu')).toMatchObject({ shareLevel: 0.25, external: HOUR })
  })

  it('15 approved requests: who stamped it, when, and the hash of the paper stay with the allocation', async () => {
    world = await systemWorld(base, { node: 'owner-lab' })
    const sha256 = 'a'.repeat(64)
    const request = { approvedBy: 'science office', approvedAt: at(-1), documentSha256: sha256 }
    await world.post('compute', {
      ...session('node', 'big-firm', [0, 2]),
      coreHours: '10',
      jobs: 1,
      ...request,
    })
    const [job] = world.ingest.registry.records('compute')
    expect(job?.record.approval).toMatchObject({ at: at(-1), sha256 })
    expect(job?.record.approval?.by).toBeTruthy()
  })

  it('16 booking page: an import from its CSV, and the page’s own latency and success', async () => {
    world = await systemWorld(base, { sem: 'owner-lab' }, { channels: watched('scut', 'scut') })
    const head = '仪器,开始时间,结束时间,使用人,受益单位,平台,预约号'
    const csv = `${head}\n${site}/sem,2026-01-05 00:00,2026-01-05 02:00,王,small-firm,scut,1\n`
    expect((await world.post('imports?kind=booking', csv)).body).toMatchObject({ accepted: 1, refused: 0 })
    expect((await world.post('imports?kind=booking', csv)).body).toMatchObject({ accepted: 0, repeated: 1 })
    const [booking] = world.ingest.registry.records('booking')
    expect(booking?.record).toMatchObject({ from: at(0), to: at(2), beneficiary: 'small-firm' })
    // People are pseudonyms in the log.
    expect(JSON.stringify(booking?.record)).not.toContain('王')
    await probe('scut')
    const [channel] = (await world.get<{ items: object[] }>('channels')).items
    expect(channel).toMatchObject({ id: 'scut', available: 1, probed: 1, openIncidents: 0 })
    const one = await world.get<{ pages: { ok: boolean; status: number; latencyMs: number }[] }>(
      'channels/scut',
    )
    expect(one.pages).toMatchObject([{ ok: true, status: 200, latencyMs: expect.any(Number) as number }])
    // A figure like any other: over a period, with bounds, worked out again by whoever verifies the report.
    await world.post('memberships', { channel: 'scut', instrument: `${site}/sem`, from: start })
    web.answer = page('gone', 404)
    await probe('scut')
    world.clock.advanceTo(start + DAY + HOUR)
    // One look may have been under way when the day ended.
    await probe('scut')
    await probe('scut')
    const [digest] = world.ingest.registry.records('probe').map(({ record }) => record)
    const value = (digest?.ok ?? 0) / (digest?.probed ?? 0)
    expect(value).toBeGreaterThan(0)
    expect(value).toBeLessThan(1)
    const { figures } = await world.get<Figures>('figures?scope=channel:scut&period=2026-01-05..2026-01-07')
    const avail = figures.find(({ kpi }) => kpi === 'channelAvail')
    expect(avail).toMatchObject({ value, lower: value, upper: value, denominator: 'probed' })
    expect(figures).toContainEqual(expect.objectContaining({ kpi: 'infoComplete', value: null }))
    const asked = await world.get<{ figures: object }>('channels/scut?period=2026-01-05')
    expect(asked.figures).toMatchObject({ channelAvail: { value, lower: value, upper: value } })
    expect(await world.figures('channel:scut')).toMatchObject({
      networkEntry: 1,
      sensorRate: 1,
      openRate: null,
    })
    expect(await world.verified('channel:scut')).toMatchObject({ problems: [] })
  })

  it('17 small estate: one gateway, kinds and sets counted apart', async () => {
    world = await systemWorld(
      base,
      { a: 'owner-lab', b: 'owner-lab', c: 'owner-lab', d: 'owner-lab' },
      {
        // The fourth comes next year: neither a set of this one nor a kind.
        enrolment: { a: { kind: 'sem' }, b: { kind: 'sem' }, c: { kind: 'nmr' }, d: { from: at(8_000) } },
      },
    )
    expect(await world.figures('all')).toMatchObject({ sets: 3, effective: 12 * HOUR })
    for (const [scope, kinds] of [
      ['all', { nmr: 1, sem: 2 }],
      ['org:owner', { nmr: 1, sem: 2 }],
      [`${site}/c`, { nmr: 1 }],
    ] as const)
      expect([scope, await world.kinds(scope)]).toEqual([scope, kinds])
  })

  it('18 agency: the broker is a channel, never the beneficiary', async () => {
    world = await systemWorld(base, { sem: 'owner-lab' })
    const told = { channel: 'instrument-giant', externalId: 'o-1' }
    await world.post('sessions', session('sem', 'small-firm', [0, 2], told))
    const refused = await world.post('sessions', [session('sem', 'instrument-giant', [2, 3])])
    expect(refused.body).toMatchObject({ accepted: 0, refused: 1 })
    const served = { organisations: 1, smesServed: 1, external: 2 * HOUR, smeExternal: 2 * HOUR }
    expect(await world.figures('all')).toMatchObject(served)
    expect(world.ingest.registry.records('session')[0]?.record.externalIds).toEqual([
      { channel: 'instrument-giant', id: 'o-1' },
    ])
  })

  it('19 the duties of government: rules that change, an open list of rewards, an incident with its owner', async () => {
    world = await systemWorld(
      base,
      { sem: 'owner-lab', nmr: 'owner-lab' },
      { channels: watched('gz-network', 'Science Office') },
    )
    await world.post('sessions', [session('sem', 'small-firm', [0, 3]), session('nmr', 'small-firm', [0, 1])])
    // A rule that changes is a version of its own; what was found under the old one can be found again.
    expect((await world.post('rulesets', duty('1', 1))).status).toBe(201)
    expect((await world.post('rulesets', duty('2', 2))).status).toBe(201)
    const ranked = async (version: string) => {
      const { instruments } = await world.get<Ranked>(`assessments?ruleset=duty@${version}&period=2026-01-05`)
      return instruments.map(({ id, grade }) => [id, grade])
    }
    const [sem, nmr] = [`${site}/sem`, `${site}/nmr`]
    expect([await ranked('1'), await ranked('2')]).toEqual([
      [
        ...[
          [sem, 'good'],
          [nmr, 'good'],
        ],
      ],
      [
        ...[
          [sem, 'good'],
          [nmr, 'poor'],
        ],
      ],
    ])
    const list = await world.text('assessments?ruleset=duty@2&period=2026-01-05&format=csv')
    const [rewarded, other] = list.split('\r\n').slice(1)
    expect([rewarded, other]).toEqual([
      expect.stringMatching(/^duty@2,1,gz-gibh\/sem,.*Given back 300\.00 yuan,300,/) as string,
      expect.stringMatching(/^duty@2,2,gz-gibh\/nmr,(?!.*Given back)/) as string,
    ])
    // A dead page has somebody to answer for it, a begin, an end and what was seen.
    web.answer = page('gone', 404)
    await probe('gz-network')
    web.answer = page('Booking')
    await probe('gz-network')
    const { items } = await world.get<{ items: { from: number; to: number }[] }>(
      'channels/gz-network/incidents',
    )
    expect(items).toMatchObject([
      { owner: 'Science Office', kind: 'page_dead', evidence: expect.stringContaining('HTTP 404') as string },
    ])
    expect(items[0]?.to).toBeGreaterThan(items[0]?.from ?? Infinity)
  })
})
