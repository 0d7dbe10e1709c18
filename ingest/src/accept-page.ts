import {
  type ChainState,
  checkPage,
  emptyChain,
  isLogged,
  openPage,
  type OpenedPage,
  type PageCode,
  type PageVerdict,
  parseRecord,
} from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import type { Clock, Topic } from '@hours/protocol'
import type { ChainTable } from './index/chain-table.ts'
import type { EvidenceLogWriter } from './log/evidence-log.ts'
import type { RegistryWriter } from './registry/registry.ts'

/** What is to be done with a page's bytes. */
export type Judged =
  | {
      readonly to: 'log'
      readonly opened: OpenedPage
      readonly verdict: PageVerdict
      readonly before: ChainState
    }
  | {
      readonly to: 'quarantine'
      readonly code: PageCode
      readonly reason: string
      /** Which page its sender means, as far as the bytes can be read: untrusted, good for telling it so. */
      readonly claims: { readonly epoch: number; readonly seq: number } | undefined
    }

/** Judges pages as they come in, ahead of what the index knows. */
export interface PageJudge {
  judge(bytes: Uint8Array, topic: Topic): Judged
  /** The chain with everything accepted so far. */
  state(gateway: string, epoch: number): ChainState
  /** The page is in the index now. */
  projected(opened: OpenedPage): void
  /** An append failed: what was accepted and never logged is forgotten. */
  forget(): void
}

export interface PageJudgeOptions {
  readonly clock: Clock
  readonly log: Pick<EvidenceLogWriter, 'size' | 'rootAt' | 'years'>
  readonly chains: ChainTable
  readonly registry: RegistryWriter
}

export function createPageJudge({ clock, log, chains, registry }: PageJudgeOptions): PageJudge {
  const heads = new Map<string, ChainState>()
  /** Digests of accepted pages that the index does not have yet, by gateway/epoch/seq. */
  const ahead = new Map<string, string[]>()
  const world = {
    isOpen: registry.isOpen.bind(registry),
    mayName: registry.mayName,
    rootAt: log.rootAt.bind(log),
  }

  const state = (gateway: string, epoch: number): ChainState =>
    heads.get(`${gateway}/${epoch}`) ?? chains.find(gateway, epoch)?.state ?? emptyChain(gateway, epoch)

  function digestsAt(head: ChainState, seq: number): readonly string[] {
    const newest = head.runs.at(-1)?.last.seq ?? -1
    // The usual page is the next one; only a void chain has logged pages above its runs.
    if (seq > newest && !head.voided) return []
    const { gateway, epoch } = head
    const stored = chains.digestsAt(gateway, epoch, seq)
    return [
      ...stored,
      ...(ahead.get(`${gateway}/${epoch}/${seq}`) ?? []).filter((one) => !stored.includes(one)),
    ]
  }

  function nextPosition() {
    const year = log.years().at(-1) ?? new Date(clock.wall()).getUTCFullYear()
    return { year, index: Number.MAX_SAFE_INTEGER }
  }

  return {
    judge(bytes, topic) {
      const opened = openPage(bytes, { crypto: nodeCrypto, keys: registry.keys, at: nextPosition(), topic })
      if (!opened.ok)
        return {
          to: 'quarantine',
          code: opened.error.code,
          reason: opened.error.message,
          claims: claimsOf(bytes),
        }
      const { gateway, epoch, seq } = opened.value.page
      const before = state(gateway, epoch)
      const verdict = checkPage(before, opened.value, {
        ...world,
        now: clock.wall(),
        digestsAt: (at) => digestsAt(before, at),
      })
      if (verdict.verdict === 'refuse')
        return { to: 'quarantine', code: verdict.code, reason: verdict.reason, claims: { epoch, seq } }
      if (isLogged(verdict)) {
        heads.set(`${gateway}/${epoch}`, verdict.state)
        const key = `${gateway}/${epoch}/${seq}`
        ahead.set(key, [...(ahead.get(key) ?? []), opened.value.digest])
      }
      return { to: 'log', opened: opened.value, verdict, before }
    },
    state,
    projected({ page: { gateway, epoch, seq } }) {
      ahead.delete(`${gateway}/${epoch}/${seq}`)
    },
    forget() {
      heads.clear()
      ahead.clear()
    },
  }
}

/** Reads which page bytes that were refused say they are. */
function claimsOf(bytes: Uint8Array): { epoch: number; seq: number } | undefined {
  const record = parseRecord(bytes)
  if (!record.ok) return undefined
  try {
    const payload: unknown = JSON.parse(new TextDecoder().decode(record.value.payload))
    if (typeof payload !== 'object' || payload === null) return undefined
    const { epoch, seq } = payload as Record<string, unknown>
    const isCount = (n: unknown): n is number => Number.isSafeInteger(n) && Number(n) >= 0
    return isCount(epoch) && isCount(seq) ? { epoch, seq } : undefined
  } catch {
    // Not even JSON; the sender cannot be told which page it was.
    return undefined
  }
}
