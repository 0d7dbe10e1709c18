import { halfUp, printed, printedText } from '@hours/protocol'
import type { AssessmentBody } from '../api/assessment-answer.ts'

/** What a ranking is printed from. */
export type Ranking = Pick<AssessmentBody, 'ruleset' | 'titles' | 'instruments'>
export type RankedInstrument = Ranking['instruments'][number]

/** Where the time went that nobody used, in the order in which people ask. */
export const causes = [
  ...(['enrolled', 'standby', 'off', 'fault', 'unknown', 'maintenance', 'unattributed'] as const),
]

/** A ranking as a table: a row for each instrument with hours, items, the rule's figures, reasons, causes and awards. */
export function rankingTable({ ruleset, titles, instruments }: Ranking) {
  const items = instruments[0]?.items ?? []
  return {
    head: [
      ...['ruleset', 'rank', 'instrument', 'name_en', 'name_zh', 'score', 'grade'],
      ...[
        'effective_h',
        'effective_upper_h',
        'external_h',
        'external_upper_h',
        'coverage_pct',
        'hours_grade',
      ],
      ...['reasons', 'max', 'incomplete', 'awards', 'award_yuan'],
      ...causes.map((name) => `${name}_h`),
      ...items.map(({ id }) => `item_${id}`),
      ...titles.instrument.map(({ id }) => `figure_${id}`),
    ],
    rows: instruments.map((one) => [
      ...[`${ruleset.id}@${ruleset.version}`, one.rank, one.id, one.names.en ?? '', one.names.zh ?? ''],
      ...[numberText(one.score), one.grade],
      ...[one.hours.effective, one.hours.effectiveUpper, one.hours.external, one.hours.externalUpper].map(
        hours,
      ),
      ...[printedText(one.hours.coverage, 'share'), one.hours.grade],
      one.reasons.map(({ en }) => en).join('; '),
      ...[numberText(one.max), one.incomplete.join('; '), one.awards.map(awardText).join('; ')],
      awardYuan(one),
      ...causes.map((name) => hours(one.hours[name])),
      ...one.items.map(({ score }) => numberText(score)),
      ...titles.instrument.map(({ id }) => valueText(one.figures[id] ?? null)),
    ]),
  }
}

const hours = (ms: number) => printedText(ms, 'ms')

/** Two decimals, half up; `n/a` where something is not known, which is not 0. */
export const numberText = (value: number | null): string | number =>
  value === null ? 'n/a' : halfUp(value, 2)

/** A figure of a rule set: a number in the rule's own unit, to four decimals as it may be a share, or a word. */
export const valueText = (value: RankedInstrument['figures'][string]): string | number => {
  if (value === null) return 'n/a'
  return typeof value === 'number' ? halfUp(value, 4) : String(value)
}

export const awardText = ({ title, fen }: RankedInstrument['awards'][number]): string =>
  fen === null ? title.en : `${title.en} ${printedText(fen, 'fen')} yuan`

/** All money that is awarded; nothing where no award is about money. */
const awardYuan = ({ awards }: RankedInstrument): number | null => {
  const money = awards.flatMap(({ fen }) => fen ?? [])
  return money.length === 0
    ? null
    : printed(
        money.reduce((sum, fen) => sum + fen, 0),
        'fen',
      )
}
