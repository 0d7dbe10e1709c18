import { printedText } from '@hours/protocol'
import type { FigureLine } from '@hours/usage'
import type { Beside, ChannelResult, PageStanding } from './result.ts'
import { chinaDate } from '../china-date.ts'

const number = (value: number) => value.toLocaleString('en', { maximumFractionDigits: 0 })

/** One number of a figure in the unit for people: hours, percent, yuan, counts. */
function text(unit: FigureLine['unit'], value: number | null): string {
  if (value === null) return 'none'
  if (unit === 'share') return `${printedText(value, 'share')} %`
  if (unit === 'ms') return printedText(value, 'ms')
  return unit === 'fen' ? `${number(value / 100)} yuan` : number(value)
}

/** With its bounds, where they are apart, and what a rate is over. */
function figureText({ unit, value, lower, upper, denominator }: FigureLine): string {
  const bounds = lower === upper ? '' : ` (${text(unit, lower)} .. ${text(unit, upper)})`
  return `${text(unit, value)}${bounds}${denominator === null ? '' : ` of ${denominator} hours`}`
}

function pageText({ available, probed, incidents }: PageStanding): string {
  const share = `there in ${text('share', available)} of ${probed} probes`
  const told = incidents.map(
    ({ kind, owner, from, to }) =>
      `${kind} from ${chinaDate(from)} ${to === null ? 'on' : `to ${chinaDate(to)}`}, answered for by ${owner}`,
  )
  return [share, ...told].join('; ')
}

function besideText(one: Beside): string {
  if ('figure' in one) return figureText(one.figure)
  if ('kinds' in one) return String(one.kinds)
  return 'page' in one ? pageText(one.page) : `not computed: ${one.not}`
}

/** Beside what the survey quotes, what log and records bear out; every hour with its bounds and its coverage. */
export function resultText(results: readonly ChannelResult[]): string {
  return results.flatMap((one) => linesOf(one)).join('\n')
}

function linesOf({ id, name, figures, survey, told, requests }: ChannelResult): string[] {
  const width = Math.max(14, ...survey.map(({ says }) => says.length))
  const row = (what: string, says: string, computed: string) =>
    `  ${what.padEnd(18)}  ${says.padEnd(width)}  ${computed}`
  const quoted = new Set(survey.flatMap((one) => ('figure' in one ? one.figure.kpi : [])))
  const also = ([what, kpi]: readonly [string, string]) => {
    const figure = figures[kpi]
    const isSaid = quoted.has(kpi) || !figure || (figure.value === 0 && kpi !== 'sets')
    return isSaid ? [] : [row(what, '', figureText(figure))]
  }
  const coverage = figures['coverage']
  return [
    '',
    `${id}  ${name}`,
    row('', 'survey', 'computed'),
    ...survey.map((one) => row(one.what, one.says, besideText(one))),
    ...always.flatMap(also),
    ...(told.sessions > 0
      ? [row('brought by it', '', `${number(told.sessions)} sessions of ${told.beneficiaries.join(', ')}`)]
      : []),
    ...(requests.approved > 0
      ? [
          row(
            'approved requests',
            '',
            `${requests.approved} of ${requests.allocations}, each with who, when and the hash of the paper`,
          ),
        ]
      : []),
    row('coverage', '', `${text('share', coverage?.value ?? null)}, grade ${coverage?.grade ?? 'none'}`),
  ]
}

/** Of every channel, whether or not the survey says something of it. */
const always = [
  ['sets', 'sets'],
  ['start-up h a set', 'meanOnPerSet'],
  ['effective h a set', 'meanEffectivePerSet'],
  ['sharing rate', 'shareHours'],
  ['unattributed h', 'unattributed'],
  ['core-hours, apart', 'coreMs'],
  ['samples', 'samples'],
] as const
