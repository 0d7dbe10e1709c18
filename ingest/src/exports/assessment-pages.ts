import { printedText } from '@hours/protocol'
import { createTurns } from '../turns.ts'
import type { SheetAssessment } from './figure-sheet.ts'
import { type Column, line, margin, nameOf, type Paper, plain, room, table } from './paper.ts'
import { causes, numberText, type RankedInstrument, valueText } from './ranking-table.ts'

interface Text {
  readonly en: string
  readonly zh?: string | undefined
}

/** What a rule set makes of the whole and of each instrument: who ranks where, by which items, why, and what follows. */
export async function assessmentPages(paper: Paper, of: SheetAssessment): Promise<void> {
  rules(paper, of)
  await outcome(paper, of.fleet, of.titles.fleet)
  await ranking(paper, of)
  title(paper, '逐台评价', 'Each instrument')
  const takeTurns = createTurns()
  for (const one of of.instruments) {
    await instrument(paper, one, of)
    await takeTurns()
  }
  await leftOut(paper, of)
}

function title({ doc, say }: Paper, zh: string, en: string): void {
  room(doc, 6 * line)
  doc.moveDown(0.8).fontSize(12).text(say(zh, en), margin).moveDown(0.3)
}

/** One paragraph as wide as the page. */
function tell({ doc, chinese }: Paper, text: string, indent = 0): void {
  room(doc, line)
  doc.fontSize(8).text(plain(text, chinese), margin + indent, doc.y, { width: 511 - indent })
  doc.x = margin
}

const inBoth = ({ say }: Paper, { en, zh }: Text): string =>
  zh === undefined || zh === en ? en : say(zh, en)

function rules(paper: Paper, { ruleset, parameters, cohort, leftOut: out, fleet }: SheetAssessment): void {
  title(paper, '评价', 'Assessment')
  tell(paper, inBoth(paper, ruleset.names))
  tell(paper, `${paper.say('规则', 'rule set')}: ${ruleset.id}@${ruleset.version} ${ruleset.hash}`)
  for (const { id, names, value, unit } of parameters) {
    const given = value === null ? paper.say('未给出', 'not given') : `${valueText(value)} ${unit ?? ''}`
    tell(paper, `${inBoth(paper, names)} (${id}): ${given}`, 10)
  }
  tell(
    paper,
    `${paper.say('参评', 'assessed')}: ${cohort}; ${paper.say('未参评', 'left out')}: ${out.length}`,
  )
  tell(paper, scoreText(paper, fleet))
}

type Outcome = SheetAssessment['fleet'] | RankedInstrument

function scoreText({ say }: Paper, { score, max, grade, incomplete }: Outcome): string {
  const most = max === null ? '' : ` / ${numberText(max)}`
  const open =
    incomplete.length === 0 ? '' : `; ${say('无法计算', 'not worked out')}: ${incomplete.join(', ')}`
  return `${say('得分', 'score')}: ${numberText(score)}${most}; ${say('等级', 'grade')}: ${grade ?? 'n/a'}${open}`
}

/** Items, the rule's own figures, reasons and awards, of the whole or of one instrument. */
async function outcome(paper: Paper, of: Outcome, titles: SheetAssessment['titles']['fleet']): Promise<void> {
  const { say } = paper
  const columns: Column[] = [
    { head: say('项目', 'item'), width: 251 },
    ...[say('得分点', 'points'), say('满分', 'of'), say('权重', 'weight'), say('得分', 'score')].map(
      (head): Column => ({ head, width: 65, align: 'right' }),
    ),
  ]
  const items = of.items.map(({ names, points, max, weight, score }) => [
    ...[inBoth(paper, names), ...[points, max, weight, score].map((value) => String(numberText(value)))],
  ])
  if (items.length > 0) await table(paper, columns, items)
  for (const { id, names, unit } of titles)
    tell(paper, `${inBoth(paper, names)}: ${valueText(of.figures[id] ?? null)} ${unit ?? ''}`, 10)
  for (const reason of of.reasons) tell(paper, inBoth(paper, reason), 10)
  for (const award of of.awards) {
    const money = award.fen === null ? '' : `: ${printedText(award.fen, 'fen')} ${say('元', 'yuan')}`
    tell(paper, `${inBoth(paper, kinds[award.kind])} - ${inBoth(paper, award.title)}${money}`, 10)
  }
}

const kinds = {
  reward: { zh: '奖励', en: 'reward' },
  subsidy: { zh: '补助', en: 'subsidy' },
  rectification: { zh: '整改', en: 'rectification' },
  obligation: { zh: '义务', en: 'obligation' },
} as const satisfies Record<RankedInstrument['awards'][number]['kind'], Text>

async function ranking(paper: Paper, { instruments }: SheetAssessment): Promise<void> {
  const { say, chinese } = paper
  title(paper, '排名', 'Ranking')
  const columns: Column[] = [
    { head: say('名次', 'rank'), width: 38 },
    { head: 'id', width: 86 },
    { head: say('名称', 'name'), width: 87 },
    { head: say('得分', 'score'), width: 46, align: 'right' },
    { head: say('等级', 'grade'), width: 42 },
    ...['E h', 'E max', 'X h', 'X max'].map((head): Column => ({ head, width: 42, align: 'right' })),
    { head: say('覆盖', 'cover'), width: 44, align: 'right' },
  ]
  await table(
    paper,
    columns,
    instruments.map(({ rank, id, names, score, grade, hours }) => [
      ...[
        rank === null ? '-' : String(rank),
        id,
        nameOf(names, chinese),
        String(numberText(score)),
        grade ?? '',
      ],
      ...[hours.effective, hours.effectiveUpper, hours.external, hours.externalUpper].map((ms) =>
        printedText(ms, 'ms'),
      ),
      printedText(hours.coverage, 'share'),
    ]),
  )
}

const causeNames = {
  enrolled: { zh: '在册', en: 'enrolled' },
  standby: { zh: '待机', en: 'standby' },
  off: { zh: '关机', en: 'off' },
  fault: { zh: '故障', en: 'fault' },
  unknown: { zh: '未知', en: 'unknown' },
  maintenance: { zh: '维护', en: 'maintenance' },
  unattributed: { zh: '未归属', en: 'nobody named' },
} as const satisfies Record<(typeof causes)[number], Text>

async function instrument(paper: Paper, one: RankedInstrument, { titles }: SheetAssessment): Promise<void> {
  const { doc, say, chinese } = paper
  room(doc, 5 * line)
  doc.moveDown(0.5).fontSize(9)
  const rank = one.rank === null ? say('不排名', 'not ranked') : `#${one.rank}`
  doc.text(plain(`${rank}  ${one.id}  ${nameOf(one.names, chinese)}`, chinese), margin)
  tell(paper, scoreText(paper, one), 10)
  await outcome(paper, one, titles.instrument)
  const parts = causes.map(
    (name) => `${inBoth(paper, causeNames[name])} ${printedText(one.hours[name], 'ms')}`,
  )
  tell(paper, `${say('原因（小时）', 'Where the time went, h')}: ${parts.join('; ')}`, 10)
}

async function leftOut(paper: Paper, { leftOut: ids }: SheetAssessment): Promise<void> {
  if (ids.length === 0) return
  title(paper, '未参评', 'Left out by the rule set')
  const takeTurns = createTurns()
  for (let i = 0; i < ids.length; i += idsInOne) {
    tell(paper, ids.slice(i, i + idsInOne).join('  '))
    await takeTurns()
  }
}

/** Ids in a paragraph, which is laid out at once. */
const idsInOne = 60
