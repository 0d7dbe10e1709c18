import type { InstrumentKey, PageSpan } from '@hours/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { accountablePages, type LoggedPage } from './accountable.ts'
import { type PageChange, pageMs, pageOf, pagesOf, start } from './chain.fixture.ts'

const key = 'gz-gibh/sem-01' as InstrumentKey
const logged = (change: PageChange & { seq?: number } = {}, more: Partial<LoggedPage> = {}): LoggedPage => ({
  ...pageOf(change.seq ?? 0, change),
  standing: 'accepted',
  class: 'live',
  ...more,
})
/** Spans of the one instrument, relative to `start`. */
const spansOf = (pages: readonly LoggedPage[]) =>
  (accountablePages(pages).get(key)?.spans ?? []).map(({ from, to, state, why, class: kind }) =>
    [from - start, to - start, why ?? state, kind].join(' '),
  )
const spans = (...list: PageSpan[]) => ({ spans: list })

describe('what pages account for', () => {
  it('are their spans, joined over pages; what a page leaves out is unknown', () => {
    const pages = pagesOf(3, (seq) => (seq === 1 ? { spans: [['run', 0, 100_000]], onMs: 400_000 } : {}))
    expect(spansOf(pages.map((page) => ({ ...page, standing: 'accepted', class: 'live' })))).toEqual([
      '0 400000 run live',
      '400000 600000 unsampled live',
      '600000 900000 run live',
    ])
  })
  it('counts equal states of two gateways or epochs once, and calls different ones unknown', () => {
    const a = logged(spans(['run', 0, 100], ['standby', 100, 300], ['off', 300, 400]))
    const b = logged(
      { ...spans(['run', 0, 150], ['standby', 150, 300]), gateway: 'gw-2', epoch: 7 },
      { class: 'late' },
    )
    const expected = [
      '0 100 run live',
      '100 150 conflict live',
      '150 300 standby live',
      '300 400 off live',
      '400 300000 unsampled live',
    ]
    expect(spansOf([a, b])).toEqual(expected)
    expect(spansOf([b, a])).toEqual(expected)
  })
  it('is nothing in void pages, and pages that contradict the log or had no clock', () => {
    expect(spansOf([logged({}, { standing: 'void' })])).toEqual(['0 300000 void live'])
    expect(spansOf([logged({}, { unknown: 'time' })])).toEqual(['0 300000 time live'])
    expect(spansOf([logged({}, { unknown: 'clock', class: 'late' })])).toEqual(['0 300000 clock late'])
    const known = logged({ gateway: 'gw-2' }, { class: 'late' })
    expect(spansOf([logged({}, { standing: 'void' }), known])).toEqual(['0 300000 run late'])
  })
  it('keeps live and late apart', () => {
    const pages = pagesOf(2).map((page, i) => ({
      ...page,
      standing: 'accepted' as const,
      class: i === 0 ? ('live' as const) : ('late' as const),
    }))
    expect(spansOf(pages)).toEqual(['0 300000 run live', '300000 600000 run late'])
  })
  it('is the same in any order of pages and for any doubling, and never overlaps', () => {
    const state = fc.constantFrom('off' as const, 'standby' as const, 'run' as const, 'fault' as const)
    const list = fc.array(fc.tuple(state, fc.integer({ min: 0, max: 29 }), fc.integer({ min: 1, max: 10 })), {
      maxLength: 4,
    })
    const anyPage = fc
      .tuple(list, fc.integer({ min: 0, max: 3 }), fc.constantFrom('gw-1', 'gw-2', 'gw-3'), fc.boolean())
      .map(([parts, place, gateway, isVoid]) => {
        let end = 0
        const own: PageSpan[] = []
        for (const [s, gap, length] of parts) {
          own.push([s, end + gap * 1_000, end + (gap + length) * 1_000])
          end += (gap + length) * 1_000
        }
        const from = start + place * 60_000
        return logged(
          { spans: own, gateway, from, to: from + pageMs },
          { standing: isVoid ? 'void' : 'accepted' },
        )
      })
    fc.assert(
      fc.property(fc.array(anyPage, { minLength: 1, maxLength: 4 }), (pages) => {
        const account = accountablePages(pages).get(key)!.spans
        expect(accountablePages([...pages, ...pages].reverse()).get(key)!.spans).toEqual(account)
        for (const [i, span] of account.entries()) {
          expect(span.from).toBeLessThan(span.to)
          expect(span.from).toBeGreaterThanOrEqual(account[i - 1]?.to ?? 0)
          // A known state is what some page said there, and no other page said otherwise.
          const said = pages
            .filter(({ standing }) => standing === 'accepted')
            .flatMap(({ page }) =>
              page.instruments[0]!.spans.map(([s, a, b]) => ({ s, from: page.from + a, to: page.from + b })),
            )
            .filter(({ from, to }) => from < span.to && to > span.from)
          const states = new Set(said.map(({ s }) => s))
          expect(span.state).toBe(states.size === 1 ? [...states][0] : 'unknown')
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('what counters recover across a gap', () => {
  const recovered = (pages: readonly LoggedPage[]) =>
    (accountablePages(pages).get(key)?.recovered ?? []).map((gap) => ({
      ...gap,
      from: gap.from - start,
      to: gap.to - start,
    }))
  const first = logged()
  const third = logged({ seq: 2, onMs: 2.5 * pageMs, runMs: 2.2 * pageMs })
  const gap = { from: pageMs, to: 2 * pageMs, onMs: 0.5 * pageMs, runMs: 0.2 * pageMs }
  it('is their growth beyond the spans of the pages on both sides', () => {
    const [found] = recovered([third, first])
    expect(found).toMatchObject({ from: gap.from, to: gap.to, onMs: gap.onMs })
    expect(found?.runMs).toBeCloseTo(gap.runMs, 3)
  })
  it('is nothing when the missing page comes', () => {
    expect(
      recovered([first, third, logged({ seq: 1, onMs: 1.5 * pageMs, spans: [['run', 0, pageMs / 2]] })]),
    ).toEqual([])
  })
  it('is nothing when another gateway has observed the gap', () => {
    const other = logged({
      gateway: 'gw-2',
      from: start + pageMs,
      to: start + pageMs + 60_000,
      spans: [['off', 0, 60_000]],
    })
    expect(recovered([first, third, other])).toEqual([])
  })
  it('is nothing across epochs, void pages or pages whose clock was not trusted', () => {
    expect(recovered([first, { ...third, page: { ...third.page, epoch: 1 } }])).toEqual([])
    expect(recovered([first, { ...third, standing: 'void' }])).toEqual([])
    expect(recovered([{ ...first, unknown: 'clock' }, third])).toEqual([])
  })
})
