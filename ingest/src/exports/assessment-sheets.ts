import { printedText } from '@hours/protocol'
import type { SheetAssessment } from './figure-sheet.ts'
import { numberText, rankingTable, valueText } from './ranking-table.ts'
import type { WorkbookSheet } from './workbook.ts'

/** The assessment in a workbook: what the whole comes to and by which rules, the ranking, and who was left out. */
export function assessmentSheets(of: SheetAssessment): WorkbookSheet[] {
  return [
    { name: 'assessment', head: ['part', 'id', 'en', 'zh', 'value', 'unit'], rows: wholeRows(of) },
    { name: 'ranking', ...rankingTable(of) },
    { name: 'left out', head: ['instrument'], rows: of.leftOut.map((id) => [id]) },
  ]
}

function wholeRows({ ruleset, parameters, cohort, leftOut, fleet, titles }: SheetAssessment) {
  const { names } = ruleset
  const texts = ({ en, zh }: { en: string; zh?: string | undefined }) => [en, zh ?? null]
  const counts = { instruments: cohort, sets: fleet.sets, 'left out': leftOut.length }
  return [
    ['rule set', `${ruleset.id}@${ruleset.version}`, ...texts(names), ruleset.hash, null],
    ...parameters.map(({ id, names: title, value, unit }) => [
      ...['parameter', id, ...texts(title), value === null ? 'not given' : valueText(value), unit],
    ]),
    ...Object.entries(counts).map(([id, count]) => ['cohort', id, null, null, count, null]),
    ['score', null, null, null, numberText(fleet.score), fleet.max === null ? null : `of ${fleet.max}`],
    ['grade', null, null, null, fleet.grade ?? 'n/a', null],
    ...fleet.items.map(({ id, names: title, score, max, weight }) => [
      ...['item', id, ...texts(title), numberText(score)],
      max === null || weight === null ? null : `of ${max * weight}`,
    ]),
    ...titles.fleet.map(({ id, names: title, unit }) => [
      ...['figure', id, ...texts(title), valueText(fleet.figures[id] ?? null), unit],
    ]),
    ...fleet.reasons.map((reason) => ['reason', reason.id, ...texts(reason), null, null]),
    ...fleet.awards.map(({ id, title, fen }) => [
      ...['award', id, ...texts(title), fen === null ? null : printedText(fen, 'fen'), 'yuan'],
    ]),
  ]
}
