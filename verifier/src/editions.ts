import type { RecordOf } from '@hours/protocol'
import {
  type FigureLine,
  type FigureRules,
  figureRules,
  type RuleSetDocument,
  sinceFourthEdition,
  sinceThirdEdition,
} from '@hours/usage'

type Edition = 1 | 2 | 3 | 4 | undefined

const classQuotaHours: Readonly<Record<RecordOf<'enrolment'>['class'], number>> = {
  general: 1_400,
  special: 800,
  machinery: 800,
}

/** The first edition of figures held every instrument against the quota of its class, whatever the rule set said. */
const firstEdition = (rules: RuleSetDocument): FigureRules => ({
  ...figureRules(rules),
  quotaHours({ enrolments }, { to }) {
    const last = enrolments.findLast(({ from }) => from < to)
    return last && classQuotaHours[last.class]
  },
})

/** What figures of an edition were made by. */
export function rulesOf(edition: Edition, rules: RuleSetDocument): FigureRules {
  const own = edition === undefined ? firstEdition(rules) : figureRules(rules)
  // Before the fourth no booking attributed hours, whatever the rule set said.
  return edition === 4 ? own : { ...own, bookings: 'ignored' }
}

/** Whether an instrument and its parts are one set; earlier editions counted each for itself. */
export const hasSets = (edition: Edition): boolean => edition === 4

/** The figures that reports of an edition have: earlier ones knew fewer. */
export const linesOf = (edition: Edition = 1, lines: readonly FigureLine[]): readonly FigureLine[] =>
  lines.filter(
    ({ kpi }) =>
      !(edition < 3 && sinceThirdEdition.has(kpi)) && !(edition < 4 && sinceFourthEdition.has(kpi)),
  )
