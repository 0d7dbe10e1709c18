import { type ChainState, emptyChain } from './chain-state.ts'
import { checkPage, type PageContext } from './check-page.ts'
import { createDigestRows, type DigestRows } from './digest-rows.ts'
import type { OpenedPage } from './opened-page.ts'
import { isLogged, type PageVerdict } from './page-verdict.ts'

/** All chains at once, in memory; a reader of a log or bundle needs nothing more. */
export interface ChainBook {
  /** Judges a page and, when it is to be logged, counts it as logged. */
  check(opened: OpenedPage, context: Omit<PageContext, 'digestsAt'>): PageVerdict
  state(gateway: string, epoch: number): ChainState
}

/**
 * Keeps a digest a page (40 bytes). Ingest, which has them in its index, holds `ChainState`s itself and calls
 * `checkPage` with a `digestsAt` of its own.
 */
export function createChainBook(): ChainBook {
  const chains = new Map<string, { state: ChainState; readonly digests: DigestRows }>()

  function chainOf(gateway: string, epoch: number) {
    const key = `${gateway}/${epoch}`
    const known = chains.get(key)
    if (known) return known
    const fresh = { state: emptyChain(gateway, epoch), digests: createDigestRows() }
    chains.set(key, fresh)
    return fresh
  }

  return {
    check(opened, context) {
      const { gateway, epoch, seq } = opened.page
      const chain = chainOf(gateway, epoch)
      const digestsAt = (at: number) => chain.digests.at(at)
      const verdict = checkPage(chain.state, opened, { ...context, digestsAt })
      chain.state = verdict.state
      if (isLogged(verdict)) chain.digests.add(seq, opened.digest)
      return verdict
    },
    state: (gateway, epoch) => chainOf(gateway, epoch).state,
  }
}
