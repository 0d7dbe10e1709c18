import type { AccountedSpan, Claim, UnknownReason } from './account.ts'

/** When only unknowns meet, the gravest reason is told. */
const gravity: readonly UnknownReason[] = ['void', 'time', 'clock', 'unsampled']

/**
 * Lays the claims of all pages for one instrument over each other: a known state beats an unknown, equal known states
 * are one, different ones are unknown, `conflict`. Ascending, disjoint, neighbours that say the same are joined.
 */
export function mergeClaims(claims: readonly Claim[]): AccountedSpan[] {
  return isDisjoint(claims) ? joinClaims(claims) : mergeOverlapping(claims)
}

/** Ascending, with no two over the same time: what pages of one chain say, which is nearly always. */
function isDisjoint(claims: readonly Claim[]): boolean {
  let end = -Infinity
  for (const { from, to } of claims) {
    if (!(from >= end && to > from)) return false
    end = to
  }
  return true
}

function joinClaims(claims: readonly Claim[]): AccountedSpan[] {
  const merged: AccountedSpan[] = []
  for (const claim of claims) {
    const { from, to, state, class: kind } = claim
    if (state !== undefined) joinSpan(merged, { from, to, state, class: kind })
    else joinSpan(merged, { from, to, ...agree([claim]) })
  }
  return merged
}

function mergeOverlapping(claims: readonly Claim[]): AccountedSpan[] {
  const ordered = [...claims].sort((a, b) => a.from - b.from)
  const edges = [...new Set(claims.flatMap(({ from, to }) => [from, to]))].sort((a, b) => a - b)
  const merged: AccountedSpan[] = []
  let active: Claim[] = []
  let next = 0
  for (const [i, from] of edges.entries()) {
    active = active.filter((claim) => claim.to > from)
    for (let claim = ordered[next]; claim && claim.from <= from; claim = ordered[++next])
      if (claim.to > from) active.push(claim)
    const to = edges[i + 1]
    if (to !== undefined && active.length > 0) joinSpan(merged, { from, to, ...agree(active) })
  }
  return merged
}

/** What claims over the same time say together; there is at least one. */
function agree(active: readonly Claim[]): Omit<AccountedSpan, 'from' | 'to'> {
  const known = active.filter(({ state }) => state !== undefined)
  const states = new Set(known.map(({ state }) => state))
  const [state] = states
  const heard = known.length > 0 ? known : active
  const kind = heard.some((claim) => claim.class === 'live') ? 'live' : 'late'
  if (states.size > 1) return { state: 'unknown', why: 'conflict', class: kind }
  if (state !== undefined) return { state, class: kind }
  const why = gravity.find((reason) => active.some((claim) => claim.why === reason)) ?? 'unsampled'
  return { state: 'unknown', why, class: kind }
}

/** Appends a span; joined to the last one when they touch and say the same. */
export function joinSpan(merged: AccountedSpan[], span: AccountedSpan): void {
  const last = merged.at(-1)
  if (
    last?.to === span.from &&
    last.state === span.state &&
    last.why === span.why &&
    last.class === span.class
  )
    merged[merged.length - 1] = { ...last, to: span.to }
  else merged.push(span)
}
