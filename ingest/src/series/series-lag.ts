import { HOUR, type Millis, MINUTE } from '@hours/protocol'
import type { RunningOutbox } from './series-outbox.ts'

type Waiting = Pick<ReturnType<RunningOutbox['state']>, 'pending' | 'oldest' | 'failing' | 'quarantined'> &
  Partial<Pick<ReturnType<RunningOutbox['state']>, 'dropped' | 'lacking' | 'reasons' | 'foreign' | 'expired'>>

/** How long the oldest point that waits has waited, ms; 0 where none does. */
export const behindMs = ({ oldest }: Pick<Waiting, 'oldest'>, now: Millis): number =>
  oldest === null ? 0 : Math.max(0, now - oldest)

/** How far the series store is behind, why, and what to do, in plain words. */
export function lagText(state: Waiting, now: Millis): string {
  const { pending, failing, quarantined, dropped = 0, lacking = null, expired = 0 } = state
  return [
    pending === 0
      ? 'The series is up to date.'
      : `The series is ${duration(behindMs(state, now))} behind: ${pending.toLocaleString('en')} points wait.`,
    failing,
    dropped > 0
      ? `${dropped.toLocaleString('en')} points were dropped as too much waited. Fix: hours rebuild --series.`
      : null,
    lacking === null ? null : `${lacking} Fix: hours rebuild --series.`,
    quarantined > 0 ? refusedText(quarantined, state.reasons ?? []) : null,
    expired > 0
      ? `${expired.toLocaleString('en')} points were older than the database keeps (its retention), and are not in it.`
      : null,
    ...(state.foreign ?? []).slice(0, 5).map((one) => `Somebody else writes here: ${one}.`),
  ]
    .filter((part) => part !== null)
    .join(' ')
}

/** `outbox.sqlite` and GET /api/v1/series hold each point with its reason. */
function refusedText(count: number, reasons: readonly { reason: string; points: number }[]): string {
  const [most] = reasons
  const why = most ? `: ${most.reason}` : '.'
  const more = reasons.length > 1 ? ` (and ${reasons.length - 1} more reasons)` : ''
  return `${count.toLocaleString('en')} points were refused for ever${why}${more}`
}

function duration(ms: Millis): string {
  if (ms < MINUTE) return `${Math.ceil(ms / 1_000)} s`
  if (ms < 2 * HOUR) return `${Math.floor(ms / MINUTE)} min`
  return `${Math.floor(ms / HOUR)} h ${Math.floor((ms % HOUR) / MINUTE)} min`
}
