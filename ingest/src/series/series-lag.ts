import { HOUR, type Millis, MINUTE } from '@hours/protocol'
import type { RunningOutbox } from './series-outbox.ts'

type Waiting = Pick<ReturnType<RunningOutbox['state']>, 'pending' | 'oldest' | 'failing' | 'quarantined'> & {
  readonly dropped?: number
  readonly lacking?: string | null
}

/** How far the series store is behind, why, and what to do, in plain words. */
export function lagText(
  { pending, oldest, failing, quarantined, dropped = 0, lacking = null }: Waiting,
  now: Millis,
): string {
  const behind = oldest === null ? 0 : Math.max(0, now - oldest)
  return [
    pending === 0
      ? 'The series is up to date.'
      : `The series is ${duration(behind)} behind: ${pending.toLocaleString('en')} points wait.`,
    failing,
    dropped > 0
      ? `${dropped.toLocaleString('en')} points were dropped as too much waited. Fix: hours rebuild --series.`
      : null,
    lacking === null ? null : `${lacking} Fix: hours rebuild --series.`,
    quarantined > 0
      ? `${quarantined.toLocaleString('en')} points were refused for ever; outbox.sqlite holds each with its reason.`
      : null,
  ]
    .filter((part) => part !== null)
    .join(' ')
}

function duration(ms: Millis): string {
  if (ms < MINUTE) return `${Math.ceil(ms / 1_000)} s`
  if (ms < 2 * HOUR) return `${Math.floor(ms / MINUTE)} min`
  return `${Math.floor(ms / HOUR)} h ${Math.floor((ms % HOUR) / MINUTE)} min`
}
