import { printedText } from '@hours/protocol'
import type { Rate } from '@hours/usage'
import type { ChannelResult } from './result.ts'

const percent = (value: number | null) => (value === null ? 'none' : `${printedText(value, 'share')} %`)
const hours = (ms: number | null) => (ms === null ? 'none' : printedText(ms, 'ms'))
const bounded = ({ value, lower, upper }: Rate) =>
  `${percent(value)} (${percent(lower)} .. ${percent(upper)})`

/** Beside what the survey quotes, what log and records bear out; every hour with its bounds and its coverage. */
export function resultText(results: readonly ChannelResult[]): string {
  return results.flatMap((one) => linesOf(one)).join('\n')
}

function linesOf({ id, name, quoted, figures, coreHours, samples }: ChannelResult): string[] {
  const { sets, figures: f, meanOnPerSet, meanEffectivePerSet } = figures
  const lines = [
    '',
    `${id}  ${name}`,
    `  survey     ${quoted}`,
    sets === 0
      ? '  computed   no instruments of its own and none listed'
      : `  computed   ${sets} sets; on ${hours(meanOnPerSet)} h a set (at most ${hours(f.onUpper / sets)}); ` +
        `effective ${hours(meanEffectivePerSet)} h a set`,
  ]
  if (sets === 0) return lines
  lines.push(
    `             sharing ${bounded(f.rates.shareHours)} of effective hours`,
    `             coverage ${percent(f.rates.coverage.value)}, grade ${f.grade}; unattributed ${hours(f.unattributed)} h`,
  )
  if (coreHours > 0)
    lines.push(
      `             ${coreHours.toLocaleString('en', { maximumFractionDigits: 0 })} core-hours, apart`,
    )
  if (samples > 0) lines.push(`             ${samples.toLocaleString('en')} samples`)
  return lines
}

/** The same as data: hours as integer ms, rates as fractions. */
export const resultJson = (results: readonly ChannelResult[]) =>
  results.map(({ figures: { figures, ...fleet }, ...one }) => ({ ...one, ...fleet, figures }))
