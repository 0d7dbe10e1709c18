import { defaultOptions, emitDashboards, GrafanaError, pushDashboards } from '@hours/grafana'
import { InstrumentList } from '@hours/protocol'
import { Command, InvalidArgumentError, Option } from 'commander'
import { z } from 'zod'
import { typedPath } from './paths.ts'

interface Flags {
  readonly lang: 'en' | 'zh' | 'both'
  readonly zone: string
  readonly api?: string
  readonly page?: string
  readonly influx: string
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
      const influxToken = process.env['INFLUX_TOKEN']
      const { version, done } = await pushDashboards({
        ...(await optionsOf(flags)),
        url: flags.url,
        token: flags.token,
        ...(influxToken === undefined ? {} : { influxToken }),
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
      'our HTTP API: organisations, always-on instruments and the SIMULATED mark are read from it',
    )
    .option('--page <url>', 'where the built-in page is, for links; --api when not given')
    .option('--influx <url>', 'InfluxDB as Grafana reaches it', defaultOptions.influxUrl)
    .option('--database <name>', 'database, or bucket of 2.x', defaultOptions.database)
    .option(
      '--run-watts <w>',
      'power that no instrument draws while it is off',
      wattsOf,
      defaultOptions.runWatts,
    )

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

async function optionsOf({ lang, zone, api, page, influx, database, runWatts }: Flags) {
  const pageUrl = page ?? api
  return {
    language: lang,
    zone,
    influxUrl: influx,
    database,
    runWatts,
    ...(pageUrl === undefined ? {} : { pageUrl }),
    ...(api === undefined ? {} : await fromApi(api.replace(/\/+$/, ''))),
  }
}

const Organisations = z.object({
  items: z.array(
    z.object({ id: z.string(), names: z.object({ en: z.string().optional(), zh: z.string().optional() }) }),
  ),
})
/** A choice of more ids than this is longer than what InfluxDB takes in an address. */
const mostInstruments = 300

async function fromApi(api: string) {
  const { items } = Organisations.parse(await read(`${api}/api/v1/organisations`))
  const all = await instrumentsOf(api)
  const organisations: { name: string; instruments: string[] }[] = []
  for (const { id, names } of items) {
    const own = await instrumentsOf(api, id)
    if (own.items.length === 0 || own.items.length > mostInstruments) continue
    organisations.push({
      name: names.en ?? names.zh ?? id,
      instruments: own.items.map(({ key }) => key.split('/')[1] ?? key),
    })
  }
  const alwaysOn = all.items.filter((one) => one.alwaysOn).map(({ key }) => key.split('/')[1] ?? key)
  return { organisations, alwaysOn, simulated: all.simulated }
}

async function instrumentsOf(api: string, organisation?: string) {
  const items: InstrumentList['items'] = []
  let simulated = false
  let cursor: string | null = ''
  while (cursor !== null) {
    const query = new URLSearchParams({ limit: '200' })
    if (organisation !== undefined) query.set('organisation', organisation)
    if (cursor !== '') query.set('cursor', cursor)
    const list: InstrumentList = InstrumentList.parse(
      await read(`${api}/api/v1/instruments?${query.toString()}`),
    )
    items.push(...list.items)
    simulated = list.simulated
    cursor = list.next
  }
  return { items, simulated }
}

async function read(url: string): Promise<unknown> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(15_000) }).catch((cause: unknown) => {
    throw new Error(
      `--api: ${url} does not answer. Fix: start "hours up" or "hours serve", or leave --api out.`,
      { cause },
    )
  })
  if (!answer.ok) throw new Error(`--api: ${url} answers ${answer.status}.`)
  return answer.json()
}
