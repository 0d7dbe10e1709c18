import type { Stated } from './facts.ts'

/** How many enrolments there are, and of how many the regulator has been told. */
export interface Enrolled {
  readonly enrolments: number
  /** Without an `approval` by a `regulator` (records.md, section 2): that the instrument exists, the operator alone says. */
  readonly unapproved: number
}

/** Counts the enrolments of verified records; an approval may stand anywhere behind the record it names. */
export function countEnrolled(records: readonly Stated[]): Enrolled {
  const approved = new Set<string>()
  for (const { record } of records)
    if (record.kind === 'approval') {
      const { of, role } = record.body
      if (role === 'regulator') approved.add(of)
    }
  const enrolled = records.filter(({ record }) => record.kind === 'enrolment')
  return {
    enrolments: enrolled.length,
    unapproved: enrolled.filter(({ record }) => !approved.has(record.digest)).length,
  }
}
