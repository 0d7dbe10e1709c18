import type { InstrumentKey, PageSpan } from '@hours/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AccountedSpan, Recovery } from './account.ts'
import { createAccountBook } from './account-book.ts'
import type { LoggedPage } from './accountable.ts'
import { pageMs, pageOf, start } from './chain.fixture.ts'
import { countersOf } from './chain-state.ts'

const key = 'gz-gibh/sem-01' as InstrumentKey
const bookOf = (pages: readonly LoggedPage[]) => {
  const book = createAccountBook()
  for (const page of pages) book.add(page)
  return book
}
const accountOf = (pages: readonly LoggedPage[]) => bookOf(pages).account(key)

/** Pages of three epochs, some of them missing, in any order; counters grow by the spans and by a little in each hole. */
const history = fc
  .record({
    there: fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
    runs: fc.array(fc.integer({ min: 0, max: pageMs }), { minLength: 12, maxLength: 12 }),
    unsure: fc.integer({ min: 0, max: 40 }),
    order: fc.array(fc.nat(), { minLength: 12, maxLength: 12 }),
  })
  .map(({ there, runs, unsure, order }) => {
    let onMs = 0
    const pages = runs.map((run, i): LoggedPage => {
      const epoch = Math.floor(i / 5)
      const seq = i % 5
      if (seq === 0) onMs = 0
      // What was on in a page that is missing shows in the counters of the next.
      onMs += run
      const from = start + i * pageMs
      const spans: PageSpan[] = run > 0 ? [['run', 0, run]] : []
      const change = { epoch, from, to: from + pageMs, spans, onMs, runMs: onMs }
      const logged = { ...pageOf(seq, change), standing: 'accepted' as const, class: 'live' as const }
      return i === unsure ? { ...logged, unknown: 'clock' } : logged
    })
    const kept = pages.filter((_, i) => there[i])
    const places = kept.map((page, i) => ({ page, by: order[i] ?? 0 }))
    return { kept, shuffled: places.sort((a, b) => a.by - b.by) }
  })

/** The definition, read from records.md, section 8: every pair of neighbours in an epoch. */
function recoveriesByDefinition(pages: readonly LoggedPage[]): Recovery[] {
  const found: Recovery[] = []
  for (const after of pages) {
    const { epoch, seq } = after.page
    const before = pages.filter(({ page }) => page.epoch === epoch && page.seq < seq).at(-1)
    const [a, b] = [before && countersOf(before.page)[0], countersOf(after.page)[0]]
    if (!before || !a || !b || before.unknown || after.unknown || b.from <= a.to) continue
    const onMs = Math.min(b.onMs - a.onMs - b.spanOnMs, b.from - a.to)
    if (onMs > 0) found.push({ from: a.to, to: b.from, onMs, runMs: onMs })
  }
  return found
}

describe('the account book', () => {
  it('recovers from counters what the definition does, however the pages come', () => {
    let holes = 0
    fc.assert(
      fc.property(history, ({ kept, shuffled }) => {
        const expected = recoveriesByDefinition(kept)
        holes += expected.length
        expect(accountOf(kept)?.recovered ?? []).toEqual(expected)
        expect(accountOf(shuffled.map(({ page }) => page))?.recovered ?? []).toEqual(expected)
      }),
      { numRuns: 400 },
    )
    expect(holes).toBeGreaterThan(100)
  })

  it('accounts for the same time in order, out of order and page by page', () => {
    fc.assert(
      fc.property(history, ({ kept, shuffled }) => {
        const account = accountOf(kept)
        expect(accountOf(shuffled.map(({ page }) => page))?.spans).toEqual(account?.spans)
        const run = (account?.spans ?? [])
          .filter(({ state }) => state === 'run')
          .reduce((sum, { from, to }) => sum + to - from, 0)
        const said = kept
          .filter(({ unknown }) => !unknown)
          .flatMap(({ page }) => page.instruments[0]?.spans ?? [])
          .reduce((sum, [, from, to]) => sum + to - from, 0)
        expect(run).toBe(said)
      }),
      { numRuns: 200 },
    )
  })

  it('has the same spans within a window, in order or out of order', () => {
    fc.assert(
      fc.property(history, fc.nat(14 * pageMs), fc.nat(5 * pageMs), ({ kept, shuffled }, at, length) => {
        const window = { from: start - pageMs + at, to: start - pageMs + at + length }
        const cut = (spans: readonly AccountedSpan[] = []) =>
          spans
            .map((span) => ({
              ...span,
              from: Math.max(span.from, window.from),
              to: Math.min(span.to, window.to),
            }))
            .filter(({ from, to }) => from < to)
        for (const pages of [kept, shuffled.map(({ page }) => page)]) {
          const book = bookOf(pages)
          const within = book.spansWithin(key, window.from, window.to)
          expect(cut(within)).toEqual(cut(book.account(key)?.spans))
        }
      }),
      { numRuns: 200 },
    )
  })

  it('knows no account of an instrument that no page names', () => {
    expect(accountOf([])).toBeUndefined()
  })
})
