import { readFileSync } from 'node:fs'
import { printedText } from '@hours/protocol'
import { type CaseFigures, figuresOfCase, type InstrumentFigures } from '@hours/usage'
import { Command } from 'commander'
import { typedPath } from './paths.ts'

/** `hours figures`: every figure of a case file, computed here and now, with no server. */
export function figuresCommand(): Command {
  return new Command('figures')
    .description(
      'Computes every figure of a case file (spans, sessions, schedule, maintenance of some instruments over a period;\n' +
        'times in Unix ms). Durations come out in ms, rates as fractions; absent = not applicable, null = zero denominator.',
    )
    .argument('<file>', 'the case as JSON')
    .option('--json', 'print JSON instead of a table')
    .action((file: string, options: { json?: boolean }) => {
      const figures = compute(typedPath(file))
      if (options.json === true) console.log(JSON.stringify(figures, null, 1))
      else print(figures)
    })
}

function compute(path: string): CaseFigures {
  let data: unknown
  try {
    data = JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw new Error(
      `${path}: ${cause instanceof Error ? cause.message : String(cause)}. Fix: a JSON case file.`,
      { cause },
    )
  }
  const figures = figuresOfCase(data)
  if (!figures.ok) throw new Error(`${path}: ${figures.error.message}`)
  return figures.value
}

const hours = (ms: number) => `${printedText(ms, 'ms').padStart(9)} h`
const percent = (share: number | null | undefined) =>
  share === undefined
    ? '        –'
    : share === null
      ? '      n/a'
      : `${printedText(share, 'share').padStart(8)} %`

function print({ instruments, fleet }: CaseFigures): void {
  for (const [id, one] of Object.entries(instruments)) printOne(id, one)
  console.log('fleet')
  console.log(
    `  power-on ${hours(fleet.on)}   effective ${hours(fleet.effective)}   external ${hours(fleet.external)}`,
  )
  console.log(
    `  sharing rate ${percent(fleet.shareHours)} (${percent(fleet.shareHoursLower).trim()} .. ${percent(fleet.shareHoursUpper).trim()})`,
  )
  if (fleet.sensorRate !== undefined)
    console.log(
      `  with sensor  ${percent(fleet.sensorRate)}   on a network ${percent(fleet.networkEntry).trim()}   open ${percent(fleet.openRate).trim()}`,
    )
  printEvidence(fleet)
}

/** What is not verified stands apart, and only where the case asks for it or has claims. */
function printEvidence({ evidence, declared }: Pick<InstrumentFigures, 'evidence' | 'declared'>): void {
  if (evidence)
    for (const [name, of] of Object.entries(evidence))
      console.log(
        `  ${name.padEnd(12)} by evidence: grade 1 ${hours(of[1]).trim()}, 3 ${hours(of[3]).trim()}, 4 ${hours(of[4]).trim()}`,
      )
  if (declared)
    console.log(
      `  declared     ${hours(declared.on)} on, effective ${hours(declared.effective).trim()}, external ${hours(declared.external).trim()}`,
    )
}

function printOne(id: string, one: InstrumentFigures): void {
  console.log(id)
  console.log(`  power-on     ${hours(one.on)}   at most ${hours(one.onUpper).trim()}`)
  console.log(
    `  run          ${hours(one.run)}   unknown ${hours(one.states.unknown).trim()}   coverage ${percent(one.coverage).trim()}`,
  )
  console.log(`  effective    ${hours(one.effective)}   at most ${hours(one.effectiveUpper).trim()}`)
  console.log(`  external     ${hours(one.external)}   unattributed ${hours(one.unattributed).trim()}`)
  console.log(
    `  sharing rate ${percent(one.shareHours)}   (${percent(one.shareHoursLower).trim()} .. ${percent(one.shareHoursUpper).trim()})`,
  )
  printEvidence(one)
  console.log(
    `  utilization  ${percent(one.utilCalendar)} of the calendar, ${percent(one.utilSchedule).trim()} of the schedule, ${percent(one.utilQuota).trim()} of the quota\n`,
  )
}
