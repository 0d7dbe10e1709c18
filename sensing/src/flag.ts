/**
 * One debounced condition (powered, run or fault) inside one stretch without a hole. Plain data, so that a gateway can
 * write it to its checkpoint.
 *
 * A change counts when it has held long enough, and then from the moment it began; shorter changes are dropped
 * (records.md, section 4). Before anything has held (right after a hole) and for a change that a hole cuts off, what
 * the samples said stands as it is: neither "shorter" nor "long enough" was seen, and nothing is made up.
 */
export interface Flag {
  /** The confirmed value; null until a first one has held. */
  value: boolean | null
  /** What the last sample said, and since when. */
  raw: boolean
  since: number
  /** Changes not yet turned into spans: [Unix ms, value], ascending. */
  changes: [number, boolean][]
  /** The value that spans carry up to now. */
  out: boolean
}

/** How long a condition must hold to count: to rise (dwell) and, once confirmed, to fall (dwell or hold), ms. */
export interface Holding {
  readonly rise: number
  readonly fall: number
}

export const startFlag = (at: number, raw: boolean): Flag => ({
  value: null,
  raw,
  since: at,
  changes: [],
  out: raw,
})

const pending = (flag: Flag): boolean => flag.value !== null && flag.value !== flag.raw

const needed = (flag: Flag, holding: Holding): number =>
  flag.value === true && !flag.raw ? holding.fall : holding.rise

function confirm(flag: Flag): void {
  if (pending(flag)) flag.changes.push([flag.since, flag.raw])
  flag.value = flag.raw
}

/** The next sample, at `at`: what was raw until now has held for `at - since`. */
export function advanceFlag(flag: Flag, at: number, raw: boolean, holding: Holding): void {
  if (flag.value !== flag.raw && at - flag.since >= needed(flag, holding)) confirm(flag)
  if (raw === flag.raw) return
  flag.raw = raw
  flag.since = at
  if (flag.value === null) flag.changes.push([at, raw])
  else if (pending(flag) && needed(flag, holding) === 0) confirm(flag)
}

/** A hole follows the last sample: a change that waits stands as seen. */
export function cutFlag(flag: Flag): void {
  if (pending(flag)) confirm(flag)
}

/** Up to here nothing can change any more; `last` is the last sample. */
export const settledUntil = (flag: Flag, last: number): number => (pending(flag) ? flag.since : last)

/**
 * Confirms a change that waits and began before `before`, because no sample before `since + need` can come any more;
 * returns that moment, or null where nothing was pending.
 */
export function forceFlag(flag: Flag, before: number, holding: Holding): number | null {
  if (!pending(flag) || flag.since >= before) return null
  const until = flag.since + needed(flag, holding)
  confirm(flag)
  return until
}

/** What the live view shows. */
export const flagNow = (flag: Flag): boolean => flag.value ?? flag.raw
