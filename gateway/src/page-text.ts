import { encodePage, maxPageBytes, type Page, pageGrowth } from '@hours/protocol'
import type { Counters } from './instrument-log.ts'

/** The text to sign, and what had to be left out of it. */
export interface PageText {
  readonly text: string
  /** Growth that the page does not state, by instrument: it must leave the counters too. */
  readonly leftOut: ReadonlyMap<string, Counters>
}

/**
 * The page's text. One that is too long for an entry of the log gives up its longest lists of spans, which become
 * unknown (an instrument that changes its state every second is mis-wired or mis-set), never its chain.
 */
export function pageText(page: Page): PageText {
  const instruments = [...page.instruments]
  const leftOut = new Map<string, Counters>()
  for (;;) {
    const text = encodePage({ ...page, instruments })
    const longest = instruments.reduce((a, b) => (b.spans.length > a.spans.length ? b : a))
    const tooMany = longest.spans.length > 2_000
    // Ids and figures are ASCII, so characters are bytes.
    if ((text.length <= maxPageBytes && !tooMany) || longest.spans.length === 0) return { text, leftOut }
    const growth = pageGrowth(longest.spans)
    leftOut.set(longest.id, growth)
    instruments[instruments.indexOf(longest)] = {
      ...longest,
      spans: [],
      onMs: longest.onMs - growth.onMs,
      runMs: longest.runMs - growth.runMs,
    }
  }
}
