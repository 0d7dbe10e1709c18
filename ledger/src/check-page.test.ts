import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type PageChange, pageMs, pageOf, pagesOf, start } from './chain.fixture.ts'
import { createChainBook } from './chain-book.ts'
import { chainThrough, countMissing, missingSeqs } from './chain-state.ts'
import type { PageContext } from './check-page.ts'
import type { OpenedPage } from './opened-page.ts'

type Context = Omit<PageContext, 'digestsAt'>
const anything: Context = { isOpen: () => true, mayName: () => true }

/** Checks pages one after the other in one book; returns the last verdict. */
function judge(pages: readonly OpenedPage[], context: Context = anything) {
  const book = createChainBook()
  const verdicts = pages.map((page) => book.check(page, context))
  return { book, verdicts, last: verdicts.at(-1)!, state: book.state('gw-1', 0) }
}
/** The verdict on page 1 that follows a plain page 0 and differs as said. */
function second(change: PageChange, context?: Context) {
  const [first] = pagesOf(1)
  return judge([first!, pageOf(1, { prev: first!.digest, ...change })], context).last
}

describe('a chain of pages', () => {
  it('is accepted page by page, and remembered as one run', () => {
    const { verdicts, state } = judge(pagesOf(5))
    expect(verdicts.map(({ verdict, findings }) => [verdict, findings])).toEqual(
      Array(5).fill(['accept', []]),
    )
    expect(state.runs).toHaveLength(1)
    expect([chainThrough(state), countMissing(state), missingSeqs(state)]).toEqual([4, 0, []])
  })
  it('knows the same bytes again and counts them once', () => {
    const pages = pagesOf(3)
    expect(judge([...pages, pages[1]!]).last.verdict).toBe('duplicate')
  })
  it('survives being stored as JSON', () => {
    const { state } = judge(pagesOf(3))
    expect(JSON.parse(JSON.stringify(state))).toEqual(state)
  })
  it('accepts its pages in any order, with duplicates, and ends in the same state', () => {
    const pages = pagesOf(8)
    const whole = judge(pages).state
    fc.assert(
      fc.property(fc.shuffledSubarray([...pages, ...pages], { minLength: 16 }), (order) => {
        const { verdicts, state } = judge(order)
        expect(verdicts.filter(({ verdict }) => verdict === 'accept')).toHaveLength(8)
        expect(verdicts.filter(({ verdict }) => verdict === 'duplicate')).toHaveLength(8)
        expect(state).toEqual(whole)
      }),
      { numRuns: 200 },
    )
  })
  it('tells the gap before a page, and closes it when the missing page comes', () => {
    const pages = pagesOf(4)
    const { verdicts, book } = judge([pages[0]!, pages[3]!])
    expect(verdicts[1]?.verdict).toBe('accept')
    expect(verdicts[1]?.findings).toEqual([{ code: 'gap', message: '2 page(s) missing before seq 3' }])
    const holed = book.state('gw-1', 0)
    expect([chainThrough(holed), countMissing(holed), missingSeqs(holed)]).toEqual([0, 2, [1, 2]])
    book.check(pages[2]!, anything)
    book.check(pages[1]!, anything)
    expect(missingSeqs(book.state('gw-1', 0))).toEqual([])
  })
  it('has no page through when its first is missing', () => {
    const { state } = judge(pagesOf(3).slice(1))
    expect([chainThrough(state), missingSeqs(state), missingSeqs(judge([pageOf(100)]).state, 3)]).toEqual([
      -1,
      [0],
      [0, 1, 2],
    ])
  })
})

describe('a page is refused', () => {
  it('unopened_epoch: in an epoch the operator has not opened', () => {
    expect(second({}, { ...anything, isOpen: () => false })).toMatchObject({
      verdict: 'refuse',
      code: 'unopened_epoch',
    })
  })
  it('unknown_instrument: with an instrument that is not enrolled at the gateway', () => {
    const only = { ...anything, mayName: (_: unknown, id: string) => id === 'sem-01' }
    expect(second({ instrument: 'sem-02' }, only)).toMatchObject({
      verdict: 'refuse',
      code: 'unknown_instrument',
    })
  })
  it('future: more than 60 s ahead of the clock of ingest, and not at 60 s', () => {
    const to = start + 2 * pageMs
    expect(second({}, { ...anything, now: to - 60_001 })).toMatchObject({ verdict: 'refuse', code: 'future' })
    expect(second({}, { ...anything, now: to - 60_000 }).verdict).toBe('accept')
  })
  it('overlap: beginning before the previous page of its epoch ends', () => {
    expect(second({ from: start + pageMs - 1 })).toMatchObject({ verdict: 'refuse', code: 'overlap' })
  })
  it('overlap: ending after the next page begins, when it comes late', () => {
    const [first, next] = [pageOf(0), pageOf(2, { from: start + 2 * pageMs - 1 })]
    const late = pageOf(1, { prev: first.digest })
    expect(judge([first, next, late]).last).toMatchObject({ verdict: 'refuse', code: 'overlap' })
  })
  it('chain: naming another page before it than the one logged', () => {
    expect(second({ prev: 'B'.repeat(43) })).toMatchObject({ verdict: 'refuse', code: 'chain' })
  })
  it('chain: when the page after it names another one', () => {
    const [first, , third] = pagesOf(3)
    const other = pageOf(1, { prev: first!.digest, software: 'other' })
    expect(judge([first!, third!, other]).last).toMatchObject({ verdict: 'refuse', code: 'chain' })
  })
  it('chain: with a prev at seq 0, or none later', () => {
    expect(judge([pageOf(0, { prev: 'A'.repeat(43) })]).last).toMatchObject({ code: 'chain' })
    expect(second({ prev: null })).toMatchObject({ code: 'chain' })
  })
  it.each<[string, PageChange]>([
    ['onMs below what it was', { onMs: pageMs - 1, runMs: 0, spans: [] }],
    ['runMs below what it was', { onMs: 2 * pageMs, runMs: pageMs - 1, spans: [['standby', 0, pageMs]] }],
    ['growth below its own spans', { onMs: 2 * pageMs - 1 }],
    ['growth above its own spans', { onMs: 2 * pageMs + 1, runMs: 2 * pageMs }],
    ['counters below its own spans', { onMs: pageMs - 1 }],
    ['boot below what it was', { boot: 0 }],
    ['mono below what it was', { mono: [pageMs - 1_001, 2 * pageMs] }],
    ['more run time than the monotonic clock allows', { mono: [pageMs, 2 * pageMs - 1_001] }],
  ])('counters: %s', (_, change) => {
    expect(second(change)).toMatchObject({ verdict: 'refuse', code: 'counters' })
  })
  it('counters: a gap claimed as run beyond the time that passed', () => {
    const [first] = pagesOf(1)
    const after = (onMs: number, change: PageChange = {}) =>
      judge([first!, pageOf(3, { onMs, ...change })]).last.verdict
    expect(after(4 * pageMs)).toBe('accept')
    expect(after(4 * pageMs + 1_001)).toBe('refuse')
    expect(after(2 * pageMs)).toBe('accept')
    expect(after(2 * pageMs - 1)).toBe('refuse')
    // A stepped wall clock does not make time: within one boot the monotonic clock counts.
    const stepped = { from: start + 100 * pageMs, to: start + 101 * pageMs, onMs: 50 * pageMs }
    expect(after(50 * pageMs, stepped)).toBe('refuse')
  })
  it('counters: a late page that would leave its successor too little', () => {
    const [first] = pagesOf(1)
    const between = pageOf(1, { prev: first!.digest })
    const linked = pageOf(2, { onMs: 2 * pageMs, prev: between.digest })
    expect(judge([first!, linked]).last.verdict).toBe('accept')
    expect(judge([first!, linked, between]).last).toMatchObject({ verdict: 'refuse', code: 'counters' })
  })
  it('and the next page may name it: its seq is a gap', () => {
    const [first] = pagesOf(1)
    const refused = pageOf(1, { prev: first!.digest, onMs: 5 * pageMs })
    const next = pageOf(2, { prev: refused.digest })
    const { verdicts } = judge([first!, refused, next])
    expect(verdicts.map(({ verdict }) => verdict)).toEqual(['accept', 'refuse', 'accept'])
    expect(verdicts[2]).toMatchObject({ findings: [{ code: 'gap' }] })
  })
})

describe('a page into signed off-time', () => {
  it('cannot be put there: the seq is taken, and any other place overlaps', () => {
    const off = pagesOf(3, () => ({ spans: [['off', 0, pageMs]], onMs: 0 }))
    const sameSeq = pageOf(1, { prev: off[0]!.digest, onMs: pageMs })
    expect(judge([...off, sameSeq]).last.verdict).toBe('equivocation')
    const later = pageOf(3, {
      prev: off[2]!.digest,
      from: start + pageMs,
      to: start + 2 * pageMs,
      onMs: pageMs,
    })
    expect(judge([...off, later]).last).toMatchObject({ verdict: 'refuse', code: 'overlap' })
  })
})

describe('equivocation', () => {
  const pages = pagesOf(4)
  const forged = pageOf(1, { prev: pages[0]!.digest, software: 'forged' })
  it('lets the first page stand, logs both, and voids what comes after in that epoch', () => {
    const { verdicts, book } = judge([pages[0]!, pages[1]!, pages[2]!, forged, pages[3]!])
    expect(verdicts.map(({ verdict }) => verdict)).toEqual([
      'accept',
      'accept',
      'accept',
      'equivocation',
      'void',
    ])
    expect(book.state('gw-1', 0).voided).toEqual({ seq: 1, digest: forged.digest })
  })
  it('knows both versions and the void pages again', () => {
    const { verdicts } = judge([...pages.slice(0, 3), forged, pages[3]!, forged, pages[3]!, pages[1]!])
    expect(verdicts.slice(5).map(({ verdict }) => verdict)).toEqual(['duplicate', 'duplicate', 'duplicate'])
  })
  it('ends with a new epoch', () => {
    const fresh = pageOf(0, { epoch: 1, from: start + 5 * pageMs, to: start + 6 * pageMs })
    expect(judge([...pages, forged, fresh]).last.verdict).toBe('accept')
    const unopened = { ...anything, isOpen: (_: string, epoch: number) => epoch === 0 }
    expect(judge([...pages, forged, fresh], unopened).last).toMatchObject({ code: 'unopened_epoch' })
  })
  it('is found when a store has forgotten which digest it logged', () => {
    const book = createChainBook()
    for (const page of pages) book.check(page, anything)
    expect(book.check(forged, anything).verdict).toBe('equivocation')
  })
})

describe('what a gateway has seen (R8)', () => {
  const seen = { origin: 'demo.hours/2026', size: 7, root: 'root7' }
  it.each([
    ['is a prefix', 'root7', []],
    ['is of another log', 'other', ['split_view']],
    ['is ahead of the log', undefined, ['seen_ahead']],
  ])('%s', (_, root, codes) => {
    const verdict = second({ seen }, { ...anything, rootAt: () => root })
    expect(verdict.verdict).toBe('accept')
    expect(verdict.findings.map(({ code }) => code)).toEqual(codes)
  })
})

describe('what is told without refusing', () => {
  it('falling energy and restarts', () => {
    expect(second({ mwh: 1 }).findings).toMatchObject([{ code: 'energy_fell' }])
    const rebooted = second({
      boot: 2,
      mono: [5_000, 305_000],
      from: start + 2 * pageMs,
      to: start + 3 * pageMs,
    })
    expect(rebooted).toMatchObject({ verdict: 'accept', findings: [] })
  })
  it('keeps the counters of an instrument that a page leaves out', () => {
    const [first] = pagesOf(1)
    const without = pageOf(1, { prev: first!.digest, instrument: 'nmr-01' })
    const back = (onMs: number) => pageOf(2, { prev: without.digest, onMs, spans: [], runMs: onMs })
    expect(judge([first!, without, back(pageMs - 1)]).last).toMatchObject({ code: 'counters' })
    expect(judge([first!, without, back(pageMs)]).last.verdict).toBe('accept')
  })
})
