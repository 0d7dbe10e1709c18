import type { RecordOf } from '@hours/protocol'

/**
 * Whether a session is a work order without clock times (domain.md, section 4.5): samples and income, no hours. Its record
 * lasts 1 ms because a record has to last; an instrument that happens to run in that very ms gives it nothing.
 */
export const isWorkOrder = ({ way, from, to }: Pick<RecordOf<'session'>, 'way' | 'from' | 'to'>): boolean =>
  (way === 'entrusted' || way === 'operated') && to - from <= 1
