import type { Enrolled } from '@hours/verifier'

/** What nobody has checked of the enrolments, as a line of "not checked"; none where the regulator approved them all. */
export const enrolledLines = ({ enrolments, unapproved }: Enrolled): string[] =>
  unapproved === 0
    ? []
    : [
        `that the instruments and gateways of ${unapproved === enrolments ? 'all' : `${unapproved.toLocaleString('en')} of`} ${enrolments.toLocaleString('en')} enrolments are there: ` +
          'they have no `approval` by a regulator, so the operator alone says so',
      ]
