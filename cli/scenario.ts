import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chance, type Fleet } from '@hours/firmware-sim'
import { createManualClock, DAY, HOUR } from '@hours/protocol'
import { Command } from 'commander'
import { pino } from 'pino'
import { createWorld } from './demo/world.ts'
import { wholeIn } from './flag-values.ts'
import { typedPath } from './paths.ts'
import { createProgress } from './progress.ts'
import { type ChannelFleet, otherChannels, regionalFleet } from './scenario/fleet.ts'
import { playYear } from './scenario/play.ts'
import { resultJson, resultText } from './scenario/result-text.ts'
import { type ChannelResult, cohortFigures, standingRecords } from './scenario/result.ts'
import { sessionRecords } from './scenario/sessions.ts'
import { regionalNetwork, surveyChannels } from './scenario/survey.ts'

interface Flags {
  readonly year: string
  readonly only?: string
  readonly days?: string
  readonly data?: string
  readonly seed: string
  readonly json?: boolean
}

const sampleMs = 60_000
/** A radio is silent now and then: some minutes in 1.5 of a thousand hours. */
const silence = 0.0015
const utcOffset = 8 * HOUR
const batch = 2_000
/** The year can be played again, so it waits for no disk; 24 pages of a gateway share a receipt, and the index follows. */
const haste = { survivesPowerCut: false, receiptEveryMs: 6 * HOUR, projectAtLeast: 1_024, seldom: 60 }

/** `hours scenario south-china`: the survey's channels through the real pipeline. */
export function scenarioCommand(): Command {
  const command = new Command('scenario').description(
    'Plays a known landscape of instruments; one so far: south-china.',
  )
  command
    .command('south-china')
    .description(
      "Builds the survey's channels and plays them through the real pipeline: gateways, MQTT, log, index, figures.\n" +
        'The 232-instrument network for a whole year, the other channels (at most 6 instruments each) for a month;\n' +
        "prints the survey's quoted figure beside the computed one, with bounds and coverage. Everything is SIMULATED.",
    )
    .option('--year <year>', 'civil year in Asia/Shanghai', '2025')
    .option('--only <part>', 'network (232 instruments, a year) or channels (the others, a month)')
    .option('--days <n>', 'so many days instead of the whole year or month')
    .option('--data <dir>', 'keeps log and index there; default a folder that is removed')
    .option('--seed <n>', 'another seed is another landscape', '1')
    .option('--json', 'the table as JSON')
    .action(async (flags: Flags) => southChina(flags))
  return command
}

async function southChina(flags: Flags): Promise<void> {
  const year = wholeIn(flags.year, '--year', 2000, 2100)
  const seed = wholeIn(flags.seed, '--seed', 0, 1_000_000)
  if (![undefined, 'network', 'channels'].includes(flags.only))
    throw new Error(`--only "${String(flags.only)}": network or channels`)
  const dir =
    flags.data === undefined ? mkdtempSync(join(tmpdir(), 'hours-scenario-')) : typedPath(flags.data)
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  const run = { year, seed, days: flags.days, stop: stop.signal }
  try {
    const network = flags.only === 'channels' ? [] : await playNetwork(join(dir, 'network'), run)
    const isDone = flags.only === 'network' || stop.signal.aborted
    const channels = isDone ? [] : await playChannels(join(dir, 'channels'), run)
    const results = [...network, ...channels]
    if (results.length === 0) throw new Error('stopped before the first day was over; nothing was computed')
    if (flags.json === true) console.log(JSON.stringify(resultJson(results), null, 1))
    else
      console.log(
        `SIMULATED: what the survey's figures would be if they were measured\n${resultText(results)}`,
      )
  } finally {
    if (flags.data === undefined) rmSync(dir, { recursive: true, force: true })
  }
}

interface Run {
  readonly year: number
  readonly seed: number
  readonly days: string | undefined
  readonly stop: AbortSignal
}

async function playNetwork(dir: string, run: Run): Promise<ChannelResult[]> {
  const part = regionalFleet(run.seed)
  const whole = Date.UTC(run.year + 1, 0, 1) - Date.UTC(run.year, 0, 1)
  return played(
    dir,
    run,
    { fleet: part, parts: [part], length: whole, title: '232 instruments' },
    (figures) => [{ ...named(regionalNetwork), ...figures(part.instruments) }],
  )
}

async function playChannels(dir: string, run: Run): Promise<ChannelResult[]> {
  const { fleet, parts } = otherChannels(run.seed)
  return played(dir, run, { fleet, parts, length: 31 * DAY, title: 'the other channels' }, (figures) =>
    surveyChannels.map((channel) => {
      const own = parts.find((part) => part.channel === channel)?.instruments
      // Several channels list one instrument: it is measured once, and each of their figures rests on that.
      const listed = fleet.instruments.filter(
        ({ id, site }) => channel.lists === 'everything' || chance(channel.id, site, id) < 0.2,
      )
      return { ...named(channel), ...figures(own ?? listed) }
    }),
  )
}

const named = ({ id, en, zh, quoted }: { id: string; en: string; zh: string; quoted: string }) => ({
  id,
  name: `${en} ${zh}`,
  quoted,
})

type Figures = (instruments: Fleet['instruments']) => ReturnType<typeof cohortFigures>

async function played(
  dir: string,
  { year, days, stop }: Run,
  what: { fleet: Fleet; parts: readonly ChannelFleet[]; length: number; title: string },
  results: (figures: Figures) => ChannelResult[],
): Promise<ChannelResult[]> {
  const { fleet, parts, title } = what
  const from = Date.UTC(year, 0, 1) - utcOffset
  const length = days === undefined ? what.length : wholeIn(days, '--days', 1, 366) * DAY
  const to = from + length
  const clock = createManualClock(from, from - HOUR)
  const log = pino({ level: 'silent' })
  const world = await createWorld({ dir, fleet, clock, log, mqttPort: 0, sampleMs, enrolFrom: from, haste })
  const { ingest } = world
  const progress = createProgress(`${title}, ${Math.round(length / DAY)} days`)
  let written = from
  const write = async (until: number) => {
    if (until <= written) return
    const items = parts.flatMap((part) => sessionRecords(part, written, until))
    written = until
    for (let i = 0; i < items.length; i += batch) await ingest.recordAll(items.slice(i, i + batch))
  }
  try {
    const reached = await playYear({
      ...{ world, clock, fleet, from, to, sampleMs, silence },
      signal: stop,
      onStep: async (at) => {
        progress.update(at - from, length, `${ingest.log.size().toLocaleString('en')} records logged`)
        if (at - written >= 7 * DAY) await write(at)
      },
    })
    const end = from + Math.floor((reached - from) / DAY) * DAY
    if (end < to) console.error(`stopped: figures of the first ${(end - from) / DAY} days of ${title}`)
    if (end === from) return []
    await write(end)
    await ingest.settled()
    progress.end(
      `${ingest.log.size().toLocaleString('en')} signed records, ${ingest.quarantine.count()} refused`,
    )
    const standing = standingRecords(ingest)
    return results((instruments) => cohortFigures(ingest, standing, instruments, { from, to: end }))
  } finally {
    await world.close()
  }
}
