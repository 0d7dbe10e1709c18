import type { DayEvidence } from '@hours/protocol'

/** All pages of the day, of whichever year's log. */
export const pagesOf = (evidence: DayEvidence): DayEvidence['pages'] => [
  ...(evidence.earlier?.pages ?? []),
  ...evidence.pages,
]
