import { halfUp, noDurations, printedText, type Span, type State, states } from '@hours/protocol'
import { createDayCutter, type Replay } from '@hours/sensing'

const hours = (ms: number): string => halfUp(ms / 3_600_000, 3).toFixed(3)
const marks: Readonly<Record<State, string>> = { off: '.', standby: '-', run: '#', fault: '!', unknown: '?' }
/** One mark a quarter of an hour. */
const markMs = 900_000

function localTime(at: number, zone: string): string {
  const local = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone)
  return `${local.toPlainDate().toString()} ${local.toPlainTime().toString({ smallestUnit: 'second' })}`
}

/** Each civil day as a line of marks: the state that holds most of each quarter of an hour; blank outside the recording. */
export function dayPictures(spans: readonly Span[], zone: string): Map<string, string> {
  const dayOf = createDayCutter(zone)
  const cells = new Map<string, Record<State, number>[]>()
  for (const span of spans) {
    for (let at = span.from; at < span.to; ) {
      const day = dayOf(at)
      const cell = Math.floor((at - day.from) / markMs)
      const end = Math.min(span.to, day.to, day.from + (cell + 1) * markMs)
      const line =
        cells.get(day.date) ?? Array.from({ length: Math.ceil((day.to - day.from) / markMs) }, noDurations)
      cells.set(day.date, line)
      const sums = line[cell]
      if (sums) sums[span.state] += end - at
      at = end
    }
  }
  return new Map([...cells].map(([date, line]) => [date, line.map(mark).join('')]))
}

function mark(sums: Readonly<Record<State, number>>): string {
  const most = states.reduce<State>((best, state) => (sums[state] > sums[best] ? state : best), 'off')
  return sums[most] === 0 ? ' ' : marks[most]
}

/** The table that `hours replay` prints for people. */
export function replayText(replay: Replay, spans: readonly Span[], zone: string): string {
  const pictures = dayPictures(spans, zone)
  const known = replay.period[1] - replay.period[0] - replay.states.unknown
  const length = replay.period[1] - replay.period[0]
  const total = replay.rejected.reduce((sum, one) => sum + one.count, 0)
  return [
    `Period   ${localTime(replay.period[0], zone)} .. ${localTime(replay.period[1], zone)} (${zone}), ${hours(length)} h`,
    `Coverage ${length === 0 ? '-' : printedText(known / length, 'share')} %`,
    '',
    `${'day'.padEnd(11)}${states.map((state) => `${state} h`.padStart(11)).join('')}`,
    ...replay.days.map(({ date, states: sums }) => row(date, sums)),
    row('total', replay.states),
    '',
    `A mark is 15 min: ${states.map((state) => `${marks[state]} ${state}`).join('  ')}`,
    ...replay.days.map(({ date }) => `${date} |${pictures.get(date) ?? ''}|`),
    '',
    `${replay.runs.length} runs, ${hours(replay.states.run)} h`,
    ...replay.runs.map(
      (run, i) =>
        `${String(i + 1).padStart(4)}  ${localTime(run.from, zone)} .. ${localTime(run.to, zone)}  ${((run.to - run.from) / 60_000).toFixed(2).padStart(9)} min`,
    ),
    '',
    total === 0
      ? 'No rows rejected.'
      : `Rows rejected: ${replay.rejected.map(({ reason, count }) => `${reason} ${count}`).join(', ')}`,
  ].join('\n')
}

const row = (name: string, sums: Readonly<Record<State, number>>): string =>
  `${name.padEnd(11)}${states.map((state) => hours(sums[state]).padStart(11)).join('')}`
