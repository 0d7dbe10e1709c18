import { createDayCutter, type DetectorSettings } from '@hours/sensing'
import { type Command, InvalidArgumentError } from 'commander'
import { typedPath } from './paths.ts'
import { openRecording, type Recording, UsageError } from './recording-file.ts'

/** Options that say how a recording is to be read; the same for replay and calibrate. */
export interface ColumnOptions {
  readonly time?: string
  readonly power?: string
  readonly zone: string
  readonly delimiter?: string
  readonly header: boolean
  readonly timeFormat?: string
  /** Instead of recordings: what a site has kept. */
  readonly instrument?: string
  readonly period?: string
  readonly data: string
  readonly demo?: true
}

/** Thresholds in W and times in s, as typed. */
export interface LevelOptions {
  readonly on?: number
  readonly run?: number
  readonly onStop?: number
  readonly runStop?: number
  readonly maxGap?: number
  readonly dwell?: number
  readonly hold?: number
  readonly min?: number
  readonly max?: number
}

export const withColumns = (command: Command): Command =>
  command
    .argument('[file...]', 'recordings: .csv or .csv.gz; several are read in the order of their first times')
    .option('--time <column>', 'the time column: its name, or its number from 1 with --no-header')
    .option('--power <column>', 'the power column (W): its name, or its number from 1 with --no-header')
    .option('--zone <zone>', 'IANA zone of times without offset, and of the civil days reported', 'UTC')
    .option('--delimiter <c>', 'column separator; found from the first line when not given', separator)
    .option('--no-header', 'the first line is data, not names')
    .option(
      '--time-format <format>',
      'iso, epoch-s, epoch-ms, or a pattern such as "dd/MM/yyyy HH:mm:ss"; found when not given',
    )
    .option('--instrument <site/id>', 'instead of recordings: the minutes of power a site has kept of it')
    .option('--period <period>', 'with --instrument: 2025, AY2024, 2025-03, 2025-01-01..2025-01-08 in --zone')
    .option(
      '--data <dir>',
      'with --instrument: the site’s data folder',
      process.env['HOURS_DATA'] ?? './data',
    )
    .option('--demo', 'with --instrument: the demo’s data, in <dir>/demo')

export const withLevels = (command: Command): Command =>
  command
    .option('--on <W>', 'at or above: powered (default 5 W, or --run when that is less)', positive)
    .option('--run <W>', 'at or above: running (default: found as `hours calibrate` finds it)', positive)
    .option('--on-stop <W>', 'below: off (default: --on)', positive)
    .option('--run-stop <W>', 'below: no longer running (default: --run)', positive)
    .option(
      '--max-gap <s>',
      'two samples further apart leave unknown (default: 3 intervals, at least 30 s)',
      positive,
    )
    .option('--dwell <s>', 'a change counts when it has held this long (default 30 s)', positive)
    .option('--hold <s>', 'a dip out of run shorter than this stays run (default: --dwell)', positive)
    .option('--min <W>', 'readings below are rejected (default -1000 W)', number)
    .option('--max <W>', 'readings above are rejected (default 1000000 W)', number)

function number(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value))
    throw new InvalidArgumentError(`"${text}" is not a number.`)
  return value
}

function positive(text: string): number {
  const value = number(text)
  if (value < 0) throw new InvalidArgumentError(`"${text}" must be 0 or more.`)
  return value
}

function separator(text: string): string {
  const named: Readonly<Record<string, string>> = { '\\t': '\t', tab: '\t', comma: ',', semicolon: ';' }
  const mark = named[text] ?? text
  if (mark.length !== 1) throw new InvalidArgumentError(`"${text}" is not one character (or tab).`)
  return mark
}

/** The recording of the typed paths, or what a site has kept; throws UsageError for what does not fit. */
export async function openTyped(paths: readonly string[], options: ColumnOptions): Promise<Recording> {
  const { instrument, period, time, power, zone } = options
  try {
    createDayCutter(zone)(0)
  } catch {
    throw new UsageError(
      `--zone "${zone}": not an IANA zone. Fix: such as Asia/Shanghai, Europe/Berlin or UTC.`,
    )
  }
  if (instrument !== undefined && period !== undefined && paths.length === 0)
    return (await import('./kept-recording.ts')).openKeptRecording({ ...options, instrument, period })
  if (instrument !== undefined)
    throw new UsageError('--instrument is read over a --period, and instead of files. Fix: --period 2025.')
  if (paths.length === 0)
    throw new UsageError('nothing to read. Fix: name a recording, or --instrument and --period.')
  if (time === undefined || power === undefined)
    throw new UsageError('--time and --power are needed: the columns of the recording.')
  return openRecording(paths.map(typedPath), { ...options, time, power })
}

/** Says on stderr which of day and month was taken for the first, and that rows were sorted. */
export function sayOrder({ orderTaken, sorted, timeFormat }: Recording): void {
  if (sorted) process.stderr.write('Rows are not in the order of time: they are sorted first.\n')
  if (orderTaken)
    process.stderr.write(
      `Dates are read ${orderTaken} first (${timeFormat}); --time-format says otherwise.\n`,
    )
}

/** Power that nothing reaches: without a run level nothing is run. */
const neverMw = 1_000_000_000_000

/** Settings from what was typed, over `found` (calibrated) where nothing was; throws UsageError where they contradict. */
export function settingsOf(
  options: LevelOptions,
  intervalMs: number,
  found?: DetectorSettings,
): DetectorSettings {
  const mw = (watts: number | undefined) => (watts === undefined ? undefined : Math.round(watts * 1_000))
  const ms = (seconds: number | undefined) =>
    seconds === undefined ? undefined : Math.round(seconds * 1_000)
  const run = mw(options.run) ?? found?.thresholds.runStartMw ?? neverMw
  const on = mw(options.on) ?? found?.thresholds.onStartMw ?? Math.min(5_000, run)
  const thresholds = {
    onStartMw: on,
    onStopMw: mw(options.onStop) ?? (options.on === undefined ? found?.thresholds.onStopMw : undefined) ?? on,
    runStartMw: run,
    runStopMw:
      mw(options.runStop) ?? (options.run === undefined ? found?.thresholds.runStopMw : undefined) ?? run,
  }
  check('--on-stop', thresholds.onStopMw, '--on', thresholds.onStartMw)
  check('--run-stop', thresholds.runStopMw, '--run', thresholds.runStartMw)
  check('--on', thresholds.onStartMw, '--run', thresholds.runStartMw)
  const dwellMs = capped('--dwell', ms(options.dwell) ?? found?.dwellMs ?? 30_000)
  const interval = Math.min(600_000, Math.max(30_000, 3 * intervalMs))
  return {
    thresholds,
    dwellMs,
    holdMs: capped('--hold', ms(options.hold) ?? found?.holdMs ?? dwellMs),
    maxGapMs: capped('--max-gap', ms(options.maxGap) ?? found?.maxGapMs ?? interval),
    plausibleMw: [
      mw(options.min) ?? found?.plausibleMw?.[0] ?? -1_000_000,
      mw(options.max) ?? found?.plausibleMw?.[1] ?? 1_000_000_000,
    ],
  }
}

function check(low: string, lowMw: number, high: string, highMw: number): void {
  if (lowMw > highMw)
    throw new UsageError(
      `${low} ${lowMw / 1_000} W is above ${high} ${highMw / 1_000} W. Fix: give ${low} at most ${high}.`,
    )
}

/** No page could be sealed under longer times (records.md, section 4). */
function capped(flag: string, value: number): number {
  if (value <= 600_000) return value
  throw new UsageError(
    `${flag} ${value / 1_000} s: at most 600 s, or no page could be sealed. Fix: give 600 or less.`,
  )
}
