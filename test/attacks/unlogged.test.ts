import { recordDigest, signRecord } from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import { HOUR, type PageSpan } from '@hours/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pageMs, site, start } from '../../ingest/src/ingest.fixture.ts'
import {
  codesOf,
  instrument,
  type ReportedSite,
  reportedSite,
  statementOf,
  verdictOf,
} from './bundle.fixture.ts'
import { createForger, type Files, type Forger, withEntry, withPlaced } from './forger.fixture.ts'

const pages = 'gateways/gw-1/2026-01-04.jwsl'
const records = `records/${site}.jwsl`
const times = 'records/log.jwsl'

let world: ReportedSite
let honest: Files
let forger: Forger
beforeAll(async () => {
  world = await reportedSite()
  honest = await world.report()
  forger = createForger(world)
}, 60_000)
afterAll(() => world.close())

const check = (files: Files) => verdictOf(files, world.policy)
const figureOf = (files: Files, kpi: string) =>
  statementOf(files).predicate.figures.find((line) => line.of === instrument && line.kpi === kpi)?.value

/** What a gateway says whose clock was never set: R7 makes its hours unknown. */
const unset = { clock: { source: 'none' as const, offsetMs: 0, errorMs: 0, steppedMs: 0 } }

/** One more run page by the gateway, and a `time` record after it, said to stand in a log of `year`. */
function withUnloggedPage(files: Files, year: number, first: number): Files {
  const run: PageSpan[] = [['run', 0, pageMs]]
  const page = world.gateway.page({ 'sem-01': run, 'nmr-01': run })
  world.gateway.rewind()
  const payload = JSON.stringify({ v: 1, at: world.gateway.at() + pageMs + 60_000, size: 2 })
  const time = signRecord({ kind: 'time', payload, signer: world.ingest.keys.service })
  return withEntry(withEntry(files, pages, page, `${year}/${first}`), times, time, `${year}/${first + 1}`)
}

describe('what was never logged counts for nothing, though figures, digests and signatures fit', () => {
  it('a page said to stand in a year that has no log', async () => {
    const forged = forger.figured(forger.proven(withUnloggedPage(honest, 2027, 1)))
    expect(figureOf(forged, 'run')).toBe((figureOf(honest, 'run') ?? 0) + pageMs)
    expect(codesOf(check(forged))).toEqual(['proof'])
  })

  it('a page said to stand behind the end of the log', async () => {
    const { size = 0 } = statementOf(honest).predicate.logs[0] ?? {}
    const forged = forger.figured(forger.proven(withUnloggedPage(honest, 2026, size)))
    expect(codesOf(check(forged))).toEqual(['proof'])
  })

  it('a record said to stand in a year that has no log', async () => {
    const end = statementOf(honest).predicate.streams.find(({ stream }) => stream === site)
    const body = {
      ...{
        v: 1,
        stream: site,
        seq: end?.next,
        prev: end?.last,
        id: 's9',
        externalIds: [],
        instrument: 'sem-01',
      },
      ...{ user: 'u-9', actor: 'a', from: start + HOUR / 2, to: start + HOUR, beneficiary: 'acme' },
      ...{ purpose: 'service', way: 'self' },
    }
    const session = signRecord({
      kind: 'session',
      payload: JSON.stringify(body),
      signer: world.ingest.keys.service,
    })
    const added = forger.figured(withEntry(honest, records, session, '2027/1'))
    expect(figureOf(added, 'external')).toBeGreaterThan(figureOf(honest, 'external') ?? 0)
    const last = recordDigest(session, nodeCrypto.sha256)
    const forged = forger.signed(added, (of) => ({
      ...of,
      streams: of.streams.map((one) =>
        one.stream === site ? { stream: site, next: one.next + 1, last } : one,
      ),
    }))
    expect(codesOf(check(forged))).toEqual(['proof'])
  })

  it('digests of others said to stand where no log is, or behind its end', async () => {
    const hide = (place: string) => {
      const hidden = withPlaced(honest, records, (lines, isPlaces) =>
        lines.map((line, i) => {
          if (i < lines.length - 1) return line
          return isPlaces ? place : `#${recordDigest(Buffer.from(line), nodeCrypto.sha256)}`
        }),
      )
      return forger.figured(forger.proven(hidden))
    }
    expect(codesOf(check(hide('2027/1')))).toEqual(['proof'])
    expect(codesOf(check(hide('2026/90000')))).toEqual(['proof'])
  })

  it('digests where only signed entries can stand', async () => {
    const digest = recordDigest(Buffer.from('x'), nodeCrypto.sha256)
    const forged = forger.signed(withEntry(honest, pages, Buffer.from(`#${digest}`), '2026/3'))
    expect(codesOf(check(forged)).sort()).toEqual(['bad_record', 'proof'])
  })
})

describe('a split view that a gateway has signed', () => {
  const anotherRoot = Buffer.alloc(32, 9).toString('base64')

  /** The report of a site whose gateway has last seen this. */
  async function reportWith(seen: { origin: string; size: number; root: string }) {
    const split = await reportedSite()
    try {
      await split.page([['run', 0, pageMs]], { seen })
      const files = await split.report()
      const others = new Map([...files].filter(([name]) => !name.includes('/consistency/')))
      return {
        whole: codesOf(verdictOf(files, split.policy)),
        cut: codesOf(verdictOf(createForger(split).signed(others), split.policy)),
      }
    } finally {
      await split.close()
    }
  }

  it('is told, and does not vanish with the file that shows it', async () => {
    const { whole, cut } = await reportWith({ origin: 'test.hours/2026', size: 40, root: anotherRoot })
    expect(whole).toEqual(['split_view'])
    expect(cut).toEqual(['incomplete'])
  })

  it('is told when the gateway had seen more than stood before its page, or a log that is not shown', async () => {
    const ahead = await reportWith({ origin: 'test.hours/2026', size: 4_000, root: anotherRoot })
    expect(ahead).toEqual({ whole: ['split_view'], cut: ['split_view', 'incomplete'] })
    const other = await reportWith({ origin: 'test.hours/2025', size: 40, root: anotherRoot })
    expect(other).toEqual({ whole: ['split_view'], cut: ['split_view', 'incomplete'] })
  })

  it('and an honest report without its file is called incomplete', async () => {
    const others = new Map([...honest].filter(([name]) => !name.includes('/consistency/')))
    expect(codesOf(check(forger.signed(others)))).toEqual(['incomplete'])
  })
})

describe('pages that no `time` record stands behind', () => {
  async function tailOf(change: Parameters<ReportedSite['page']>[1]) {
    const late = await reportedSite()
    await late.page([['run', 0, pageMs]], change)
    await late.page([['run', 0, pageMs]], change)
    return late
  }

  it('get one before they are reported, so that an honest report holds whatever their clock was', async () => {
    for (const change of [{}, unset]) {
      const late = await tailOf(change)
      try {
        expect(verdictOf(await late.report(), late.policy).problems).toEqual([])
      } finally {
        await late.close()
      }
    }
  })

  it('do not count when it is left out and the proof made again: an unset clock stays one (R7)', async () => {
    const late = await tailOf(unset)
    try {
      const files = await late.report()
      const [, last = ''] = (files.get(`${pages}.positions`)?.toString() ?? '').split('\n').slice(-4)
      const before = (place: string) => Number(place.slice(5)) < Number(last.slice(5))
      const keep = (files.get(`${times}.positions`)?.toString() ?? '').split('\n').map(before)
      const cut = withPlaced(files, times, (lines) => lines.filter((_, i) => keep[i]))
      const own = createForger(late)
      const forged = own.figured(own.proven(cut))
      expect(figureOf(forged, 'run')).toBe(figureOf(files, 'run'))
      expect(codesOf(verdictOf(forged, late.policy))).toEqual(['incomplete'])
    } finally {
      await late.close()
    }
  })
})
