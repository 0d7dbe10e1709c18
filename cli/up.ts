import { join } from 'node:path'
import { createDevice, demoFleet } from '@hours/firmware-sim'
import { createApi } from '@hours/ingest'
import { createManualClock, DAY, every, HOUR } from '@hours/protocol'
import { Command } from 'commander'
import { pino } from 'pino'
import { buildPage } from './build-page.ts'
import { serveBookingPages } from './demo/booking-pages.ts'
import { makeFolder, reset } from './demo/demo-folder.ts'
import { playFirstHistory } from './demo/first-history.ts'
import { playLive } from './demo/live.ts'
import { keepDemoUse } from './demo/sessions.ts'
import { type DemoState, readDemoState, writeDemoState } from './demo/state-file.ts'
import { storyOf } from './demo/story.ts'
import { createWorld } from './demo/world.ts'
import { runDemoWitness } from './demo/witness.ts'
import { flagOrEnv, portOf, wholeIn } from './flag-values.ts'
import { typedPath } from './paths.ts'
import { openSiteChannels } from './site-channels.ts'
import { openSiteSeries } from './site-series.ts'
import { chinaOffset } from './china-date.ts'

interface Flags {
  readonly data?: string
  readonly http?: string
  readonly mqtt?: string
  readonly days: string
  readonly speed?: string | true
  readonly reset?: boolean
  readonly yes?: boolean
  readonly verbose?: boolean
}

const sampleMs = 60_000
const livePageMs = 60_000
const dayAMinute = 1_440

/** `hours up`, which is what `npm start` runs: the whole system on this machine, with instruments that do not exist. */
export function upCommand(): Command {
  return new Command('up')
    .description(
      'Brings up broker, ingest, API and page with a simulated fleet of 14 instruments behind 4 gateways, plays 30 days\n' +
        'of history through the real pipeline, then goes on live. Loopback only, no login; everything says SIMULATED.',
    )
    .option('--data <dir>', 'where data lives (HOURS_DATA, default ./data); the demo uses <dir>/demo')
    .option('--http <port>', 'port of page and API (HOURS_HTTP_PORT, default 8080); 0 picks a free one')
    .option('--mqtt <port>', 'port of the broker (HOURS_MQTT_PORT, default 1883); 0 picks a free one')
    .option('--days <n>', 'days of history at a first start', '30')
    .option('--speed [factor]', 'plays faster than real time; without a factor a day a minute')
    .option('--reset', 'begins anew: asks, then deletes <dir>/demo')
    .option('--yes', 'answers --reset with yes')
    .option('--verbose', 'log lines of broker, ingest and gateways on stderr')
    .action(async (flags: Flags) => up(flags))
}

async function up(flags: Flags): Promise<void> {
  const dir = join(typedPath(flagOrEnv(flags.data, 'HOURS_DATA', 'data')), 'demo')
  const httpPort = portOf(flagOrEnv(flags.http, 'HOURS_HTTP_PORT', '8080'), '--http')
  const mqttPort = portOf(flagOrEnv(flags.mqtt, 'HOURS_MQTT_PORT', '1883'), '--mqtt')
  const days = wholeIn(flags.days, '--days', 0, 366)
  const speed = flags.speed === undefined ? 1 : flags.speed === true ? dayAMinute : Number(flags.speed)
  if (!(speed >= 1 && speed <= 10_000)) throw new Error(`--speed ${String(flags.speed)}: 1 to 10000`)
  if (flags.reset === true && !(await reset(dir, flags.yes === true))) return
  const log = pino({ level: flags.verbose === true ? 'info' : 'silent' }, pino.destination(2))
  makeFolder(dir)
  const webRoot = buildPage()

  const state = readDemoState(dir) ?? newState(days)
  const fleet = demoFleet(state.seed)
  const resumed = Math.max(state.until, state.from)
  const clock = createManualClock(resumed, resumed - HOUR)
  const world = await createWorld({ dir, fleet, clock, log, mqttPort, sampleMs, enrolFrom: state.from })
  const series = openSiteSeries({ ingest: world.ingest, dir, log })
  const story = storyOf(state.from, state.days ?? 30)
  const pages = await serveBookingPages(clock, story.deadPageFrom)
  const channels = openSiteChannels({ ingest: world.ingest, clock, dir, log, settings: pages.settings })
  const api = await createApi({
    ingest: world.ingest,
    log,
    webRoot,
    series: series.store,
    outbox: series.outbox,
    channels,
    software: '0.1.0',
    logDir: join(dir, 'log'),
  })
  const stop = new AbortController()
  const ending = onSignals(stop)
  let witness: { close(): Promise<void> } | undefined
  try {
    await listen(api, httpPort)
    const port = (api.server.address() as { port: number }).port
    const address = `http://127.0.0.1:${port}/`
    console.log(
      `\n  Instrument Hours (SIMULATED)\n  page    ${address}\n  broker  mqtt://127.0.0.1:${world.broker.port}\n`,
    )
    writeDemoState(dir, { ...state, until: resumed })
    const devices = fleet.instruments.map((one) =>
      createDevice(one, { sampleMs, silence: 0.0015, keepTruth: false }),
    )
    const present = Date.now()
    const playedHistory = state.until < present - DAY / 2 && state.until === state.from
    if (playedHistory) {
      await playFirstHistory({ state, story, present, world, clock, devices, signal: stop.signal, dir })
    } else if (clock.wall() < present) {
      // The machine slept or the demo was off: nobody measured, so that time is unknown, and stays it.
      clock.advanceTo(present)
    }
    if (!stop.signal.aborted) {
      // The history goes to the series store in one piece, not day by day while it is played.
      const feed = series.feed()
      if (playedHistory) void feed.rebuild().catch((err: unknown) => log.error({ err }, 'series'))
      const onError = (err: unknown) => log.error({ err }, 'demo')
      const { from, days: length = 30 } = state
      const stopUse = await keepDemoUse({ ingest: world.ingest, fleet, clock, from, days: length, onError })
      for (const { id } of channels.channels) void channels.probe(id).catch(onError)
      const gateways = world.startGateways({ pageMs: livePageMs })
      const live = await playLive({
        clock,
        devices,
        gateways,
        speed,
        sampleMs,
        onError,
      })
      witness = await runDemoWitness({ ingest: world.ingest, dir, clock })
      const keep = every(clock, 60_000, () => writeDemoState(dir, { ...state, until: clock.wall() }))
      invite(address, dir, speed)
      await ending
      keep()
      stopUse()
      await live.stop()
    }
  } finally {
    const until = clock.wall()
    await world.stopGateways()
    await api.close()
    await channels.close()
    await pages.close()
    await series.close()
    await world.close()
    await witness?.close()
    if (until > state.from) writeDemoState(dir, { ...state, until })
  }
  console.log('Stopped; nothing is lost. A second start goes on from here, the time between is unknown.')
}

function newState(days: number): DemoState {
  const today = Math.floor((Date.now() + chinaOffset) / DAY) * DAY - chinaOffset
  const from = today - days * DAY
  return { seed: 1, from, until: from, days }
}

function invite(address: string, dir: string, speed: number): void {
  console.log(
    [
      `  The fleet is live${speed === 1 ? ', with a page a minute' : ` at ${speed} times real time`}. Three things to try:`,
      `    1. ${address}                                        who runs now, who has not been heard of`,
      `    2. ${address}i/gz-gibh/sem-01                        its timeline; "verify this day" checks it in your browser`,
      `    3. ${address}quality                                 coverage, gateways, the evidence log`,
      '',
      '  A report, and the check of every record it rests on (exit 4: it holds, but no witness stands outside):',
      `    curl -o report.csv "${address}api/v1/usage?scope=all&period=${new Date().toISOString().slice(0, 7)}&format=csv"`,
      `    npm run -s hours -- verify --log ${join(dir, 'log')} --policy ${join(dir, 'policy')}`,
      '',
      '  Ctrl-C stops everything within 3 s and loses nothing.',
      '',
    ].join('\n'),
  )
}

async function listen(api: Awaited<ReturnType<typeof createApi>>, port: number): Promise<void> {
  try {
    await api.listen({ host: '127.0.0.1', port })
  } catch (cause) {
    const inUse = (cause as { code?: string }).code === 'EADDRINUSE'
    const why = inUse ? 'is in use' : 'cannot be listened on'
    throw new Error(`http port ${port} ${why}. Fix: stop what uses it, or --http 0 for a free one.`, {
      cause,
    })
  }
}

/** Resolves at the first Ctrl-C; a third one ends the process there and then. */
function onSignals(stop: AbortController): Promise<void> {
  let count = 0
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => {
        count += 1
        if (count === 1) console.log('\nStopping ...')
        // A terminal sends one Ctrl-C to the launcher and to us, and the launcher passes it on.
        if (count > 2) process.exit(130)
        stop.abort()
        resolve()
      })
  })
}
