import { join } from 'node:path'
import {
  createEmbeddedSeries,
  createInfluxSeries,
  createSeriesOutbox,
  feedSeries,
  type InfluxOptions,
  type RunningIngest,
  type RunningOutbox,
  type SeriesFeed,
  type SeriesStore,
} from '@hours/ingest'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Logger } from 'pino'

/** Which store a command means; `serve`, `rebuild` and `reconcile` name it alike. */
export interface SeriesFlags {
  readonly influxUrl?: string
  readonly influxDatabase: string
  readonly influxUser?: string
  readonly influxOrg?: string
  readonly influxRetentionDays?: number
}

/** Adds the options of `SeriesFlags`; each has an environment variable, for services, and secrets have nothing else. */
export const withSeriesFlags = (command: Command): Command =>
  command
    .addOption(
      new Option(
        '--influx-url <url>',
        'InfluxDB 1.x, 2.x or 3 for the series; default an embedded store (token: INFLUX_TOKEN)',
      )
        .env('HOURS_INFLUX_URL')
        .argParser(addressOf),
    )
    .addOption(
      new Option('--influx-database <name>', 'its database or bucket, made where it is absent')
        .env('HOURS_INFLUX_DATABASE')
        .default('hours')
        .argParser(nameOf),
    )
    .addOption(
      new Option('--influx-user <name>', 'of 1.x with authentication (password: INFLUX_PASSWORD)').env(
        'HOURS_INFLUX_USER',
      ),
    )
    .addOption(
      new Option('--influx-org <name>', 'organisation of 2.x; default the only one the token sees').env(
        'HOURS_INFLUX_ORG',
      ),
    )
    .addOption(
      new Option(
        '--influx-retention-days <n>',
        'days that a database or bucket made here keeps; default for ever',
      )
        .env('HOURS_INFLUX_RETENTION_DAYS')
        .argParser(daysOf),
    )

/** How to reach InfluxDB where flags and environment name one. */
export function influxOf(flags: SeriesFlags): { influx?: InfluxOptions } {
  const { influxUrl, influxDatabase, influxUser, influxOrg, influxRetentionDays } = flags
  if (influxUrl === undefined) return {}
  const { INFLUX_TOKEN: token, INFLUX_PASSWORD: password } = process.env
  if (influxUser !== undefined && !password)
    throw new Error('--influx-user needs a password. Fix: INFLUX_PASSWORD in the environment.')
  return {
    influx: {
      url: influxUrl,
      database: influxDatabase,
      ...(influxUser === undefined ? {} : { username: influxUser, password: password ?? '' }),
      ...(influxUser === undefined && token ? { token } : {}),
      ...(influxOrg === undefined ? {} : { organisation: influxOrg }),
      ...(influxRetentionDays === undefined ? {} : { retentionDays: influxRetentionDays }),
    },
  }
}

/**
 * An address of HTTP without name and password: what stands in an address is shown to everybody. Its errors are none of
 * commander's, which repeat what they were given.
 */
export function addressOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new Error('the address of InfluxDB is none. Fix: such as http://influx.example.edu:8086')
  if (url.username !== '' || url.password !== '')
    throw new Error(
      'the address of InfluxDB has a name or a password in it, which others would see. Fix: the name as an option, the password as INFLUX_PASSWORD.',
    )
  return text
}

/** A name of a database or bucket. */
export function nameOf(text: string): string {
  if (!/^[^\s"'\\]{1,64}$/.test(text))
    throw new InvalidArgumentError(
      `"${text}" is no name of a database: 1 to 64 characters without blanks and quotes`,
    )
  return text
}

function daysOf(text: string): number {
  const days = Number(text)
  if (!Number.isInteger(days) || days < 1 || days > 36_500)
    throw new InvalidArgumentError(`"${text}": whole days from 1 to 36500`)
  return days
}

/** The store of the site in `dir`: InfluxDB where one is named, else the embedded one. */
export const openSeriesStore = (dir: string, influx: InfluxOptions | undefined): SeriesStore =>
  influx ? createInfluxSeries(influx) : createEmbeddedSeries(embeddedPath(dir))

/** File of the embedded store. */
export const embeddedPath = (dir: string): string => join(dir, 'series.sqlite')

/** The series of one site: the store, what waits for it, and what feeds it. */
export interface SiteSeries {
  readonly store: SeriesStore
  readonly outbox: RunningOutbox
  /** Feeds the store from now on. */
  feed(): SeriesFeed
  close(): Promise<void>
}

/** Opens InfluxDB where one is named, else the embedded store in `dir`; ingest never waits for either. */
export function openSiteSeries(options: {
  readonly ingest: RunningIngest
  readonly dir: string
  readonly log: Logger
  readonly influx?: InfluxOptions
}): SiteSeries {
  const { ingest, dir, log, influx } = options
  const onError = (error: unknown) => log.error({ err: error }, 'series')
  const store = openSeriesStore(dir, influx)
  const outbox = createSeriesOutbox({ path: join(dir, 'outbox.sqlite'), store, clock: ingest.clock, onError })
  let feeding: SeriesFeed | undefined
  return {
    store,
    outbox,
    feed: () => (feeding ??= feedSeries({ ingest, outbox, onError })),
    async close() {
      await feeding?.close()
      await outbox.close()
      await store.close()
    },
  }
}
