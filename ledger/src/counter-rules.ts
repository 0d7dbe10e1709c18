import type { Counter, PageSummary } from './chain-state.ts'

/** R4 allows so much more than the monotonic clock says, ms. */
const tolerance = 1_000

/** Whether a page's own counters and spans can be true; the reason when not (R4). */
export function pageCounterFault(page: PageSummary): string | undefined {
  const elapsed = page.mono[1] - page.mono[0]
  for (const { id, onMs, runMs, spanOnMs, spanRunMs } of page.counters) {
    if (onMs < spanOnMs || runMs < spanRunMs)
      return `${id}: counters ${onMs}/${runMs} ms are below the page's own spans ${spanOnMs}/${spanRunMs} ms`
    if (spanOnMs > elapsed + tolerance)
      return `${id}: ${spanOnMs} ms on, but only ${elapsed} ms passed on the monotonic clock`
  }
  return undefined
}

/** Whether `after` can follow `before` in one epoch, with or without pages missing between (R4). */
export function counterFault(before: PageSummary, after: PageSummary): string | undefined {
  if (after.boot < before.boot) return `boot fell from ${before.boot} to ${after.boot}`
  const oneBoot = after.boot === before.boot
  if (oneBoot && after.mono[0] < before.mono[1] - tolerance)
    return `mono fell from ${before.mono[1]} to ${after.mono[0]} within boot ${after.boot}`
  const earlier = new Map([...before.carried, ...before.counters].map((counter) => [counter.id, counter]))
  for (const counter of after.counters) {
    const last = earlier.get(counter.id)
    const fault = last && growthFault(last, counter, elapsedBetween(before, after, last))
    if (fault !== undefined) return `${counter.id}: ${fault}`
  }
  return undefined
}

/** ms between the page that stated `last` and `after`: monotonic within a boot, else wall; 0 = nothing between. */
function elapsedBetween(before: PageSummary, after: PageSummary, last: Counter): number {
  const oneBoot = after.boot === before.boot && last.to === before.to
  return Math.max(0, oneBoot ? after.mono[0] - before.mono[1] : after.from - last.to)
}

function growthFault(last: Counter, counter: Counter, elapsed: number): string | undefined {
  if (counter.onMs < last.onMs || counter.runMs < last.runMs)
    return `counters fell from ${last.onMs}/${last.runMs} to ${counter.onMs}/${counter.runMs} ms`
  const { on, run } = growthOutside(last, counter)
  if (on < 0 || run < 0) return `counters grew ${on}/${run} ms less than the page's spans`
  if (run > on) return `runMs grew ${run} ms outside the page's spans, onMs only ${on} ms`
  // Pages that follow each other without a gap leave nothing to grow in.
  const allowed = counter.from === last.to ? 0 : elapsed + tolerance
  return on > allowed ? `onMs grew ${on} ms outside the page's spans; at most ${allowed} can be` : undefined
}

/** Growth of the counters since `last` that the page's own spans do not explain, ms. */
export function growthOutside(last: Counter, counter: Counter): { on: number; run: number } {
  return {
    on: counter.onMs - last.onMs - counter.spanOnMs,
    run: counter.runMs - last.runMs - counter.spanRunMs,
  }
}

/** Instruments whose energy is below what it was; metering drift, told but not refused. */
export function fallenEnergy(before: PageSummary, after: PageSummary): readonly string[] {
  const earlier = new Map([...before.carried, ...before.counters].map(({ id, mwh }) => [id, mwh]))
  return after.counters.filter(({ id, mwh }) => mwh < (earlier.get(id) ?? mwh)).map(({ id }) => id)
}
