import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Fleet } from '@hours/firmware-sim'
import { createApi } from '@hours/ingest'
import { createManualClock, DAY, HOUR } from '@hours/protocol'
import { Command } from 'commander'
import { pino } from 'pino'
import { chinaDate, chinaOffset } from './china-date.ts'
import { servePages } from './demo/booking-pages.ts'
import { createWorld, type World } from './demo/world.ts'
import { wholeIn } from './flag-values.ts'
import { typedPath } from './paths.ts'
import { createProgress } from './progress.ts'
import { type ChannelFleet, otherChannels, regionalFleet } from './scenario/fleet.ts'
import { membershipRecords } from './scenario/memberships.ts'
import { playYear } from './scenario/play.ts'
import { resultText } from './scenario/result-text.ts'
import { type Ask, type ChannelResult, channelResult } from './scenario/result.ts'
import { sessionRecords } from './scenario/sessions.ts'
import { regionalNetwork, type SurveyChannel, surveyChannels } from './scenario/survey.ts'
import { openSiteChannels } from './site-channels.ts'

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
const batch = 2_000
/** The year can be played again, so it waits for no disk; 24 pages of a gateway share a receipt, and the index follows. */
const haste = { survivesPowerCut: false, receiptEveryMs: 6 * HOUR, projectAtLeast: () => 1_024, seldom: 60 }

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
    if (flags.json === true) console.log(JSON.stringify(results, null, 1))
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
  const length = Date.UTC(run.year + 1, 0, 1) - Date.UTC(run.year, 0, 1)
  return played(dir, run, { parts: [part], channels: [regionalNetwork], length, title: '232 instruments' })
}

async function playChannels(dir: string, run: Run): Promise<ChannelResult[]> {
  const parts = otherChannels(run.seed)
  return played(dir, run, { parts, channels: surveyChannels, length: 31 * DAY, title: 'the other channels' })
}

interface Part {
  readonly parts: readonly ChannelFleet[]
  readonly channels: readonly SurveyChannel[]
  readonly length: number
  readonly title: string
}

async function played(dir: string, { year, days, stop }: Run, what: Part): Promise<ChannelResult[]> {
  const { parts, channels, title } = what
  const from = Date.UTC(year, 0, 1) - chinaOffset
  const length = days === undefined ? what.length : wholeIn(days, '--days', 1, 366) * DAY
  const to = from + length
  const clock = createManualClock(from, from - HOUR)
  const log = pino({ level: 'silent' })
  const fleet = fleetOf(parts)
  const world = await createWorld({ dir, fleet, clock, log, mqttPort: 0, sampleMs, enrolFrom: from, haste })
  const { ingest } = world
  const pages = await servePages(channels.map(pageOwner), (id) => pageAnswer(channels, id), probing)
  const monitor = openSiteChannels({ ingest, clock, dir, log, settings: pages.settings })
  const progress = createProgress(`${title}, ${Math.round(length / DAY)} days`)
  const people = createPeople(world, parts, from)
  try {
    await ingest.recordAll(membershipRecords(channels, parts, from))
    const reached = await playYear({
      ...{ world, clock, fleet, from, to, sampleMs, silence },
      signal: stop,
      onStep: async (at) => {
        progress.update(at - from, length, () => `${ingest.log.size().toLocaleString('en')} records logged`)
        if (at - people.until() >= 7 * DAY) await people.write(at)
      },
    })
    const end = from + Math.floor((reached - from) / DAY) * DAY
    if (end < to) console.error(`stopped: figures of the first ${(end - from) / DAY} days of ${title}`)
    if (end === from) return []
    await people.write(end)
    for (const { id } of channels) await monitor.probe(id)
    await ingest.settled()
    progress.end(
      `${ingest.log.size().toLocaleString('en')} signed records, ${ingest.quarantine.count()} refused`,
    )
    const api = await createApi({
      ingest,
      log,
      channels: monitor,
      software: '0.1.0',
      logDir: join(dir, 'log'),
    })
    try {
      const period = `${chinaDate(from)}..${chinaDate(end)}`
      const results: ChannelResult[] = []
      for (const channel of channels)
        results.push(await channelResult(askOf(api), ingest, { channel, period }))
      return results
    } finally {
      await api.close()
    }
  } finally {
    await monitor.close()
    await pages.close()
    await world.close()
  }
}

/** Every instrument and organisation once. */
function fleetOf(parts: readonly ChannelFleet[]): Fleet {
  const organisations = new Map(parts.flatMap((part) => part.organisations).map((one) => [one.id, one]))
  return {
    instruments: parts.flatMap(({ instruments }) => instruments),
    organisations: [...organisations.values()],
  }
}

/** A look at each booking page a day; one bad answer is an incident, as days pass in seconds here. */
const probing = { everyMs: DAY, openAfter: 1, closeAfter: 1 }
const pageOwner = ({ id, en, zh, page }: SurveyChannel) => ({
  id,
  owner: page?.owner ?? en,
  names: { en, zh },
})
const pageAnswer = (channels: readonly SurveyChannel[], id: string) =>
  channels.find((channel) => channel.id === id)?.page?.answers ?? 'there'

/** What people write down, week by week beside what is measured. */
function createPeople({ ingest }: World, parts: readonly ChannelFleet[], from: number) {
  let written = from
  return {
    until: () => written,
    async write(until: number) {
      if (until <= written) return
      const items = parts.flatMap((part) => sessionRecords(part, written, until))
      written = until
      for (let i = 0; i < items.length; i += batch) await ingest.recordAll(items.slice(i, i + batch))
    },
  }
}

const askOf =
  (api: Awaited<ReturnType<typeof createApi>>): Ask =>
  async <T>(path: string) => {
    const answer = await api.inject({ method: 'GET', url: `/api/v1/${path}` })
    if (answer.statusCode !== 200) throw new Error(`${path}: ${answer.body}`)
    return answer.json<T>()
  }
