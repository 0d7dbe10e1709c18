import type { RecordOf } from '@hours/protocol'
import { type FigureRules, figureRules, type RuleSetDocument } from '@hours/usage'

const classQuotaHours: Readonly<Record<RecordOf<'enrolment'>['class'], number>> = {
  general: 1_400,
  special: 800,
  machinery: 800,
}

/** The first edition of figures held every instrument against the quota of its class, whatever the rule set said. */
export const firstEdition = (rules: RuleSetDocument): FigureRules => ({
  ...figureRules(rules),
  quotaHours({ enrolments }, { to }) {
    const last = enrolments.findLast(({ from }) => from < to)
    return last && classQuotaHours[last.class]
  },
})
