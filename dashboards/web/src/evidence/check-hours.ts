import { accountablePages, type LoggedPage } from '@hours/ledger'
import type { DayEvidence, InstrumentKey, State } from '@hours/protocol'
import { states } from '../states.ts'
import type { Check, ReadPage } from './check.ts'

/** Hours of each state that the pages bear out, clipped to the day; two gateways that differ leave unknown. */
export function hoursOf(read: readonly ReadPage[], evidence: DayEvidence): Record<State, number> {
  const logged = read.map(
    ({ page }): LoggedPage => ({ page, digest: '', standing: 'accepted', class: 'live' }),
  )
  const account = accountablePages(logged).get(evidence.key as InstrumentKey)
  const sum: Record<State, number> = { off: 0, standby: 0, run: 0, fault: 0, unknown: 0 }
  for (const { state, from, to } of account?.spans ?? [])
    sum[state] += Math.max(0, Math.min(to, evidence.to) - Math.max(from, evidence.from))
  const known = sum.off + sum.standby + sum.run + sum.fault
  return { ...sum, unknown: evidence.to - evidence.from - known }
}

/**
 * The server may know less than the pages say, since its rules can void a page or a stretch of time (R3, R5, R7):
 * that is a remark. It may never know more.
 */
export function checkHours(read: readonly ReadPage[], evidence: DayEvidence): Check {
  const mine = hoursOf(read, evidence)
  const known = (['off', 'standby', 'run', 'fault'] as const satisfies readonly State[]).filter(
    (state) => mine[state] !== evidence.states[state],
  )
  const more = known.some((state) => evidence.states[state] > mine[state])
  return {
    id: 'hours',
    state: more ? 'bad' : known.length > 0 ? 'remark' : 'ok',
    compared: states.map(
      (state) =>
        `${state} ${mine[state]} ms ${mine[state] === evidence.states[state] ? '=' : '≠'} ${evidence.states[state]} ms`,
    ),
  }
}
