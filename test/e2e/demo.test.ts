import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { DAY, HOUR } from '@hours/protocol'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { closedPeriod } from '../../cli/demo/amendments.ts'

const days = 4
const root = resolve(import.meta.dirname, '../..')
interface Finding {
  readonly kind: string
  readonly instrument: string
  readonly ms: number
  readonly claimed: number | null
  readonly verified: number | null
  /** With all that is unknown taken as used. */
  readonly upper: number | null
}
interface Reconciliation {
  readonly items: readonly Finding[]
  readonly counts: Readonly<Record<string, number>>
  readonly claims: readonly { of: string; measure: string; claimed: number; verified: number }[]
}

/** `npm start` with a short history: everything that can go wrong has gone wrong in it once. */
describe('the demo', () => {
  const data = mkdtempSync(join(tmpdir(), 'hours-demo-'))
  let demo: ChildProcess
  let said = ''
  let base = ''
  const get = async <T>(path: string): Promise<T> => {
    const answer = await fetch(`${base}api/v1/${path}`)
    expect([path, answer.status]).toEqual([path, 200])
    return (await answer.json()) as T
  }
  const offset = 8 * HOUR
  const today = Math.floor((Date.now() + offset) / DAY) * DAY - offset
  const date = (at: number) => new Date(at + offset).toISOString().slice(0, 10)
  const period = `${date(today - days * DAY)}..${date(today)}`

  const startedAt = Date.now()
  beforeAll(async () => {
    const args = ['hours.ts', 'up', '--data', data, '--http', '0', '--mqtt', '0', '--days', String(days)]
    demo = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [demo.stdout, demo.stderr])
      stream?.on('data', (text: Buffer) => void (said += text.toString()))
    await vi.waitFor(
      () => {
        if (demo.exitCode !== null) throw new Error(`the demo ended: ${said}`)
        expect(said).toContain('The fleet is live')
      },
      { timeout: 170_000, interval: 200 },
    )
    base = /page\s+(http:\S+)/.exec(said)?.[1] ?? ''
  }, 180_000)
  afterAll(async () => {
    if (demo.exitCode === null) {
      const ended = once(demo, 'exit')
      demo.kill('SIGTERM')
      await ended
    }
    rmSync(data, { recursive: true, force: true })
  }, 30_000)

  it('has two entities with units below them, and instruments of each in one list', async () => {
    const { items } = await get<{ items: { id: string; kind: string; parent: string | null }[] }>(
      'organisations',
    )
    const entities = items.filter(({ kind }) => kind === 'entity').map(({ id }) => id)
    expect(entities).toEqual(expect.arrayContaining(['gibh', 'sysu']))
    for (const entity of ['gibh', 'sysu'])
      expect(items.filter(({ parent }) => parent === entity).length).toBeGreaterThan(1)
  })

  it('goes on live where its history ends, so that states are as old as they are', async () => {
    const { items } = await get<{ items: { state: string; since: number }[] }>('instruments')
    const older = items.filter(({ since }) => since < startedAt)
    expect(older.length).toBeGreaterThan(items.length / 2)
  })

  it('lists two no-shows and one unbooked run, and no other fault of its users', async () => {
    const { items, counts } = await get<Reconciliation>(`reconciliation?period=${period}&limit=500`)
    const of = (kind: string) => items.filter((one) => one.kind === kind).map(({ instrument }) => instrument)
    expect(of('no_show').sort()).toEqual(['gz-gibh/sem-01', 'gz-sysu/xrd-01'])
    expect(of('unbooked_run')).toEqual(['gz-gibh/confocal-01'])
    for (const kind of ['overrun', 'other_user', 'session_while_off', 'session_overlap'])
      expect([kind, counts[kind]]).toEqual([kind, 0])
  })

  it('sets claimed hours beside verified ones: two owners claim far more than can have been', async () => {
    const { items, claims } = await get<Reconciliation>(`reconciliation?period=${period}&limit=500`)
    const generous = items
      .filter(({ kind, claimed, upper }) => kind === 'claim_differs' && (claimed ?? 0) > 1.2 * (upper ?? 0))
      .map(({ instrument }) => instrument)
    expect([...new Set(generous)].sort()).toEqual(['gz-sysu/ms-02', 'gz-sysu/xrd-02'])
    for (const of of ['all', 'org:gibh', 'org:sysu'])
      expect(claims.find((one) => one.of === of && one.measure === 'on')?.claimed).toBeGreaterThan(0)
  })

  it('shows an outage of three hours as unknown time of one gateway, and what it did to coverage', async () => {
    const { items } = await get<{
      items: { instrument: string; gateway: string; unknown: number; gaps: { ms: number }[] }[]
    }>(`quality?period=${period}`)
    const hit = items.filter(({ gaps }) => gaps.some(({ ms }) => Math.abs(ms - 3 * HOUR) < HOUR / 4))
    expect(hit.length).toBeGreaterThan(1)
    expect([...new Set(hit.map(({ gateway }) => gateway))]).toEqual(['sysu-centre'])
    for (const one of items)
      if (!hit.includes(one)) expect([one.instrument, one.unknown < HOUR]).toEqual([one.instrument, true])
  })

  it('has probed two booking pages: one is there, one is dead, with an open incident and its owner', async () => {
    type Row = { id: string; available: number | null; probed: number; openIncidents: number; owner: string }
    const { items } = await get<{ items: Row[] }>('channels')
    const of = (id: string) => items.find((one) => one.id === id)
    expect(of('gz-net')).toMatchObject({ available: 1, openIncidents: 0 })
    expect(of('gz-old')).toMatchObject({ openIncidents: 1, owner: 'sysu' })
    expect(of('gz-old')?.probed).toBeGreaterThan(days * 12)
    expect(of('gz-old')?.available).toBeGreaterThan(0.3)
    expect(of('gz-old')?.available).toBeLessThan(0.8)
    const { items: incidents } = await get<{ items: Record<string, unknown>[] }>('channels/gz-old/incidents')
    expect(incidents).toEqual([
      expect.objectContaining({
        kind: 'page_dead',
        owner: 'sysu',
        to: null,
        evidence: expect.stringContaining('404') as string,
      }),
    ])
  })

  it('has a cohort for the rule sets that need no parameter, by years of service too', async () => {
    for (const id of ['zj-2021', 'univ-sheet']) {
      const { cohort } = await get<{ cohort: number }>(`assessments?ruleset=${id}&scope=all&period=${period}`)
      expect([id, cohort > 5]).toEqual([id, true])
    }
  })

  it('has something in each list of what came after, and in each figure of money, samples and results', async () => {
    const { items } = await get<{ items: { stands: boolean; reason: string }[] }>('corrections?state=all')
    expect(items.map(({ stands }) => stands).sort()).toEqual([false, true])
    expect((await get<{ total: number }>('duplicates')).total).toBe(1)
    const { figures } = await get<{ figures: { kpi: string; value: number | null }[] }>(
      `figures?scope=all&period=${period}&members=0`,
    )
    const some = ['samples', 'validSamples', 'turnarounds', 'incomeOutsideFen', 'voucherFen', 'subsidyFen']
    const more = [
      'coreMs',
      'ratings',
      'awards',
      'papers',
      'patents',
      'functionsNew',
      'smesServed',
      'projects',
    ]
    for (const kpi of [...some, ...more])
      expect([kpi, (figures.find((one) => one.kpi === kpi)?.value ?? 0) > 0]).toEqual([kpi, true])
  })

  it('has an instrument that changed hands, whose hours each owner has for its own time, and periods that are closed', async () => {
    const at = (from: number, to: number) =>
      `${date(today - days * DAY + from * DAY)}..${date(today - days * DAY + to * DAY)}`
    const setsOf = async (unit: string, when: string) => {
      type Told = { figures: { kpi: string; value: number }[]; revision: number | null }
      const { figures } = await get<Told>(`figures?scope=org:${unit}&period=${when}&members=0`)
      return figures.find(({ kpi }) => kpi === 'sets')?.value
    }
    const half = days / 2
    for (const [when, centre, chem] of [
      [at(0, half), 4, 4],
      [at(half, days), 5, 3],
    ] as const)
      expect([when, await setsOf('sysu-centre', when), await setsOf('sysu-chem', when)]).toEqual([
        when,
        centre,
        chem,
      ])
    const closed = closedPeriod(today - days * DAY, Date.now())
    for (const scope of ['all', 'org:gibh', 'org:sysu'])
      expect(await get(`figures?scope=${scope}&period=${closed}&members=0`)).toMatchObject({ revision: 1 })
  })

  it('has figures with outside use for each entity, and says everywhere that it is simulated', async () => {
    for (const scope of ['org:gibh', 'org:sysu', 'all']) {
      const answer = await get<{
        simulated: boolean
        figures: { kpi: string; value: number | null; lower: number; upper: number }[]
      }>(`figures?scope=${scope}&period=${period}&members=0`)
      expect(answer.simulated).toBe(true)
      const share = answer.figures.find(({ kpi }) => kpi === 'shareHours')
      expect(share?.value).toBeGreaterThan(0)
      expect(share?.lower).toBeLessThanOrEqual(share?.value ?? 0)
      expect(share?.upper).toBeGreaterThanOrEqual(share?.value ?? 1)
    }
    const { total } = await get<{ total: { late: number; coverage: number } }>(`quality?period=${period}`)
    expect(total.coverage).toBeGreaterThan(0.97)
    expect(total.late).toBe(0)
  })
})
