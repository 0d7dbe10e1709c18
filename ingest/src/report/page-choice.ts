import type { Millis, Seen } from '@hours/protocol'
import type { Interval } from '@hours/usage'
import type { Position } from '../ports.ts'

/** What choosing pages needs to know of one; nothing of it is kept but this. */
export interface PageMark extends Interval {
  readonly position: Position
  readonly gateway: string
  readonly epoch: number
  readonly seq: number
  readonly seen: Seen | null
}

/** Pages of one gateway and epoch that a bundle shows, chosen while the log is read once. */
export interface PageChoice {
  add(page: PageMark): void
  /** In log order. */
  chosen(): PageMark[]
}

interface Chain {
  readonly inside: PageMark[]
  before?: PageMark
  after?: PageMark
  /** First position of each seq, and what came again under a seq that was taken. */
  readonly firstOf: Map<number, PageMark>
  readonly doubles: PageMark[]
}

/**
 * Chooses pages that touch `window`, and of each chain the last page before and the first page after it, so that both
 * ends are closed. Two pages of one seq are shown wherever they stand: they void what was logged after them.
 */
export function createPageChoice(window: { readonly from: Millis; readonly to: Millis }): PageChoice {
  const chains = new Map<string, Chain>()

  return {
    add(page) {
      const name = `${page.gateway}/${page.epoch}`
      const chain = chains.get(name) ?? { inside: [], firstOf: new Map<number, PageMark>(), doubles: [] }
      chains.set(name, chain)
      const first = chain.firstOf.get(page.seq)
      if (first) chain.doubles.push(first, page)
      else chain.firstOf.set(page.seq, page)
      if (page.to > window.from && page.from < window.to) chain.inside.push(page)
      else if (page.to <= window.from) {
        if (page.seq >= (chain.before?.seq ?? 0)) chain.before = page
      } else if (page.seq <= (chain.after?.seq ?? Infinity)) chain.after = page
    },
    chosen() {
      const all = [...chains.values()].flatMap(({ inside, before, after, doubles }) => [
        ...(before ? [before] : []),
        ...inside,
        ...(after ? [after] : []),
        ...doubles,
      ])
      return [...new Set(all)].sort((a, b) => comparePositions(a.position, b.position))
    },
  }
}

/** Log order. */
export const comparePositions = (a: Position, b: Position): number => a.year - b.year || a.index - b.index
