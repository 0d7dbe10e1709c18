import { formatBase64url } from '@hours/ledger'
import type { DayEvidence } from '@hours/protocol'
import { type Check, type Gap, type ReadPage, tally } from './check.ts'
import { nameOf } from './check-pages.ts'
import { sha256 } from './web-crypto.ts'

/**
 * Each page names the digest of the page before it (R2), so a page that is left out of the middle is missed: the numbers
 * jump, and nothing proves the time between. What the chain proves to have no page between (a gateway without power) is
 * no gap. Gaps are a remark, not a fault: a page may be late, lost or withheld, and its time counts as unknown. `now` =
 * what of the day can be known by now, Unix ms.
 */
export async function checkChain(
  read: readonly ReadPage[],
  evidence: Pick<DayEvidence, 'from' | 'to'>,
  now: number,
): Promise<Check> {
  const failed: string[] = []
  const jumps: Gap[] = []
  const proven: Gap[] = []
  let linked = 0
  let expected = 0
  for (const chain of Map.groupBy(read, ({ page }) => `${page.gateway}/${page.epoch}`).values()) {
    const ordered = chain.toSorted((a, b) => a.page.seq - b.page.seq)
    for (const [i, one] of ordered.entries()) {
      const before = ordered[i - 1]
      if (!before) continue
      const between = { from: before.page.to, to: one.page.from }
      const step = one.page.seq - before.page.seq
      expected += step
      if (step > 1) jumps.push({ ...between, pages: missing(before, one) })
      if (step > 1) continue
      const digest = formatBase64url(await sha256(before.bytes))
      if (step === 1 && one.page.prev === digest) {
        linked += 1
        proven.push(between)
      } else failed.push(`${nameOf(one.listed)}: prev ${one.page.prev ?? 'null'} ≠ ${digest}`)
    }
  }
  const gaps = [
    ...jumps,
    ...holesIn(read, evidence, now).filter((hole) => isOpen(hole, [...jumps, ...proven])),
  ]
  return {
    id: 'chain',
    state: failed.length > 0 ? 'bad' : gaps.length > 0 ? 'remark' : 'ok',
    compared: tally(linked, expected, failed),
    gaps: gaps.sort((a, b) => a.from - b.from),
  }
}

const missing = (before: ReadPage, after: ReadPage) => ({
  gateway: after.page.gateway,
  first: before.page.seq + 1,
  last: after.page.seq - 1,
})

/** Whether nothing that is known of the chain speaks of this very time. */
const isOpen = (hole: Gap, told: readonly Gap[]) =>
  !told.some(({ from, to }) => from <= hole.from && to >= hole.to)

/** Stretches of the day that no page brackets: between pages, before the first and after the last. */
function holesIn(read: readonly ReadPage[], { from, to }: { from: number; to: number }, now: number): Gap[] {
  const pages = read.map(({ page }) => page).sort((a, b) => a.from - b.from)
  const [first] = pages
  if (!first) return []
  const holes: Gap[] = []
  // A chain that begins with this page has nothing before it; a gateway that begins anew says so with its epoch.
  const isBeginning = first.prev === null && first.epoch === 0
  let known = isBeginning ? Math.max(from, first.from) : from
  for (const page of pages) {
    if (page.from > known) holes.push({ from: known, to: page.from })
    known = Math.max(known, page.to)
  }
  // Of a day that is not over the newest pages are on their way.
  const longest = Math.max(...pages.map((page) => page.to - page.from))
  const end = now < to ? now - 2 * longest : to
  if (known < end) holes.push({ from: known, to: Math.min(now, to) })
  return holes
}
