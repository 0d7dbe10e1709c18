import { defaultOptions, emitDashboards, GrafanaError, pushDashboards } from '@hours/grafana'
import { Command, InvalidArgumentError, Option } from 'commander'
import { readDashboardChoices } from './dashboard-choices.ts'
import { typedPath } from './paths.ts'
import { addressOf, nameOf } from './site-series.ts'

interface Flags {
  readonly lang: 'en' | 'zh' | 'both'
  readonly zone: string
  readonly api?: string
  readonly key?: string
  readonly page?: string
  readonly influx: string
  readonly influxUser?: string
  readonly database: string
  readonly runWatts: number
}

/** `hours dashboards`: Grafana's dashboards and alerts as files, or straight into a running Grafana. */
export function dashboardsCommand(): Command {
  const command = new Command('dashboards').description(
    'Dashboards fleet, instrument, gateways and regulator with their alerts, for Grafana 10 to 13.',
  )
  shared(command.command('emit'))
    .description('Writes dashboards/ and provisioning/ for Grafana to read from files.')
    .requiredOption('--out <dir>', 'folder to write to; files of ours there are overwritten')
    .option(
      '--dashboards-path <dir>',
      'where Grafana will find dashboards/',
      '/var/lib/grafana/dashboards/instrument-hours',
    )
    .action(async (flags: Flags & { out: string; dashboardsPath: string }) => {
      const out = typedPath(flags.out)
      const options = { ...(await optionsOf(flags)), dashboardsPath: flags.dashboardsPath }
      for (const path of emitDashboards(out, options)) console.log(`${out}/${path}`)
    })
  shared(command.command('push'))
    .description(
      'Puts folder, data source, dashboards and alerts into a running Grafana; the same again changes nothing.',
    )
    .requiredOption('--url <url>', 'Grafana, such as http://localhost:3000')
    .option('--token <token>', 'token of a service account (GRAFANA_TOKEN)', process.env['GRAFANA_TOKEN'])
    .action(async (flags: Flags & { url: string; token?: string }) => {
      if (!flags.token)
        throw new Error(
          '--token is missing. Fix: --token or GRAFANA_TOKEN, of a service account with the role Admin.',
        )
      const influxSecret = secretOf(flags)
      const { version, done } = await pushDashboards({
        ...(await optionsOf(flags)),
        url: flags.url,
        token: flags.token,
        ...(influxSecret === undefined ? {} : { influxSecret }),
      }).catch((error: unknown) => {
        throw error instanceof GrafanaError ? new Error(error.message, { cause: error }) : error
      })
      console.log(`Grafana ${version}`)
      for (const one of done) console.log(`  ${one}`)
    })
  return command
}

const shared = (command: Command): Command =>
  command
    .addOption(new Option('--lang <lang>', 'titles').choices(['en', 'zh', 'both']).default('both'))
    .option('--zone <zone>', 'IANA zone that days are cut by', zoneOf, defaultOptions.zone)
    .option(
      '--api <url>',
      'our HTTP API: organisations, always-on instruments and the SIMULATED mark are read from it (with --key)',
    )
    .addOption(
      new Option('--key <key>', 'API key of an account that sees the whole installation, for --api').env(
        'HOURS_KEY',
      ),
    )
    .option(
      '--page <url>',
      'where the built-in page is, for links, or a path below Grafana that a proxy leads there; --api when not given',
      pageOf,
    )
    .option('--influx <url>', 'InfluxDB as Grafana reaches it', addressOf, defaultOptions.influxUrl)
    .option('--database <name>', 'database, or bucket of 2.x', nameOf, defaultOptions.database)
    .addOption(
      new Option(
        '--influx-user <name>',
        'of 1.x with authentication (password: INFLUX_PASSWORD, of Grafana itself where files are emitted)',
      ).env('HOURS_INFLUX_USER'),
    )
    .option(
      '--run-watts <w>',
      'power that no instrument draws while it is off, where its own run threshold is not known (--api knows)',
      wattsOf,
      defaultOptions.runWatts,
    )

/** What Grafana shows InfluxDB, from the environment. */
function secretOf({ influxUser }: Flags): string | undefined {
  const { INFLUX_TOKEN: token, INFLUX_PASSWORD: password } = process.env
  if (influxUser !== undefined && !password)
    throw new Error('--influx-user needs a password. Fix: INFLUX_PASSWORD in the environment.')
  return influxUser === undefined ? token : password
}

function zoneOf(text: string): string {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text })
    return text
  } catch {
    throw new InvalidArgumentError(`"${text}" is no IANA zone, such as Asia/Shanghai.`)
  }
}

function wattsOf(text: string): number {
  const watts = Number(text)
  if (!(watts > 0)) throw new InvalidArgumentError(`"${text}" is no power in W.`)
  return watts
}

/** What was chosen by options, by environment, and at a running site; a word for who runs the command where it matters. */
async function optionsOf(flags: Flags) {
  const { lang, zone, api, key, page, influx, influxUser, database, runWatts } = flags
  const pageUrl = page ?? api
  const { leftOut, ...choices } = api === undefined ? { leftOut: [] } : await readDashboardChoices(api, key)
  for (const name of leftOut)
    console.error(`${name} has too many instruments at sites of several organisations: it is no choice.`)
  return {
    language: lang,
    zone,
    influxUrl: influx,
    database,
    runWatts,
    ...(influxUser === undefined ? {} : { influxUser }),
    ...(pageUrl === undefined ? {} : { pageUrl }),
    ...choices,
  }
}

/** Where the built-in page is: an address, or a path below Grafana's root that a proxy leads there. */
function pageOf(text: string): string {
  const isPath = /^\/[\w/-]*$/.test(text)
  if (!isPath && !/^https?:$/.test(URL.canParse(text) ? new URL(text).protocol : ''))
    throw new InvalidArgumentError(`"${text}" is neither an address of HTTP nor a path such as /page.`)
  return text
}
