import { firstPlace, type KnownState, type Millis } from '@hours/protocol'
import type { AccountedSpan, Claim, UnknownReason } from './account.ts'
import type { PageClass } from './clock-rules.ts'
import { joinSpan, mergeClaims } from './merge-claims.ts'

/** What a claim says, and how it came; a byte each, because a fleet's year has a hundred million claims. */
const sayings: readonly Pick<Claim, 'state' | 'why' | 'class'>[] = (['live', 'late'] as const).flatMap(
  (kind: PageClass) => [
    ...(['off', 'standby', 'run', 'fault'] as const).map((state: KnownState) => ({ state, class: kind })),
    ...(['unsampled', 'conflict', 'void', 'time', 'clock'] as const).map((why: UnknownReason) => ({
      ...{ state: undefined, why, class: kind },
    })),
  ],
)
const codes = new Map(sayings.map((said, code) => [nameOf(said), code]))

function nameOf({ state, why, class: kind }: Pick<Claim, 'state' | 'why' | 'class'>): string {
  return `${state ?? why ?? ''} ${kind}`
}

/** The claims for one instrument, 17 bytes each. */
export interface ClaimList {
  add(claim: Claim): void
  /** What they say together (`mergeClaims`). */
  merged(): AccountedSpan[]
  /** Of that what touches [from, to), made for the caller alone; outside of it spans may end early. */
  within(from: Millis, to: Millis): AccountedSpan[]
}

export function createClaimList(): ClaimList {
  let times = new Float64Array(64)
  let said = new Uint8Array(32)
  let count = 0
  /** Whether none begins before the one before it ends: the pages of one gateway, in order. */
  let isOrdered = true

  /** Made once where claims lie over each other. */
  let laidOver: AccountedSpan[] | undefined

  const beginOf = (i: number): Millis => times[2 * i] ?? 0
  const endOf = (i: number): Millis => times[2 * i + 1] ?? 0
  const sayingOf = (i: number) => {
    const saying = sayings[said[i] ?? 0]
    if (!saying) throw new TypeError(`no saying has the code ${said[i] ?? -1}`)
    return saying
  }
  const claimAt = (i: number): Claim => ({ from: beginOf(i), to: endOf(i), ...sayingOf(i) })
  const mixed = () => (laidOver ??= mergeClaims(Array.from({ length: count }, (_, i) => claimAt(i))))

  /** Claims [first, end), which are in order and apart, as spans. */
  function joined(first: number, end: number): AccountedSpan[] {
    const spans: AccountedSpan[] = []
    for (let i = first; i < end; i++) {
      const { state = 'unknown', why, class: kind } = sayingOf(i)
      const span: AccountedSpan = { from: beginOf(i), to: endOf(i), state, class: kind }
      joinSpan(spans, why === undefined ? span : { ...span, why })
    }
    return spans
  }

  function grow(): void {
    const larger = new Float64Array(times.length * 2)
    larger.set(times)
    times = larger
    const more = new Uint8Array(said.length * 2)
    more.set(said)
    said = more
  }

  return {
    add(claim) {
      laidOver = undefined
      const code = codes.get(nameOf(claim)) ?? 0
      const last = count - 1
      if (last >= 0 && claim.from < endOf(last)) isOrdered = false
      // Neighbours that say the same are one.
      if (last >= 0 && claim.from === endOf(last) && said[last] === code) {
        times[2 * last + 1] = claim.to
        return
      }
      if (count === said.length) grow()
      times[2 * count] = claim.from
      times[2 * count + 1] = claim.to
      said[count] = code
      count += 1
    },
    merged: () => (isOrdered ? joined(0, count) : mixed()),
    within(from, to) {
      if (!isOrdered) return mixed().filter((span) => span.to > from && span.from < to)
      return joined(
        firstPlace(count, (i) => endOf(i) > from),
        firstPlace(count, (i) => beginOf(i) >= to),
      )
    },
  }
}
