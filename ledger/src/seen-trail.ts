import type { Seen } from '@hours/protocol'
import { parseOrigin } from './checkpoint.ts'
import type { Position } from './position.ts'

/** What the pages of many chains had seen of the log, in log order; so much of it as must be shown to be one log (R8). */
export interface SeenTrail {
  add(chain: string, seen: Seen): void
  /** What each chain had seen last, and wherever it fell back from: a gateway's own checks join all before that. */
  ends(): readonly Seen[]
}

export function createSeenTrail(): SeenTrail {
  const last = new Map<string, Seen>()
  const left = new Map<string, Seen>()
  return {
    add(chain, seen) {
      const before = last.get(chain)
      if (before && !continues(before, seen))
        left.set(`${before.origin} ${before.size} ${before.root}`, before)
      last.set(chain, seen)
    },
    ends: () => [...last.values(), ...left.values()],
  }
}

/** Whether a checkpoint of `seen` can have been signed when the log reached `at`. */
export function isSeenBefore(seen: Seen, at: Position): boolean {
  const year = yearOf(seen)
  return year < at.year || (year === at.year && seen.size <= at.index)
}

function continues(before: Seen, after: Seen): boolean {
  if (yearOf(before) !== yearOf(after)) return yearOf(before) < yearOf(after)
  return before.size < after.size || (before.size === after.size && before.root === after.root)
}

const yearOf = ({ origin }: Seen): number => parseOrigin(origin)?.year ?? 0
