import { join } from 'node:path'
import { type Broker, createBroker } from '@hours/broker'
import { createApi, createIngest, createLogger, openLogReader, withCertificates } from '@hours/ingest'
import { systemClock } from '@hours/protocol'
import { Command, Option } from 'commander'
import type { Logger } from 'pino'
import { buildPage } from './build-page.ts'
import { typedPath } from './paths.ts'
import { policyWitnesses } from './witnesses.ts'
import { whenHalted } from './when-halted.ts'
import { flagOrEnv, portOf } from './flag-values.ts'
import { openSiteChannels } from './site-channels.ts'
import {
  checkDoorFlags,
  type DoorFlags,
  firstOperator,
  openSiteDoor,
  siteHosts,
  siteProxies,
  siteTls,
} from './site-door.ts'
import { influxOf, openSiteSeries, type SeriesFlags, withSeriesFlags } from './site-series.ts'
import { untilStopped } from './until-stopped.ts'

interface Flags extends DoorFlags, SeriesFlags {
  readonly data?: string
  readonly http?: string
  readonly mqtt?: string
  readonly mqttHost: string
}

/** `hours serve`: broker, ingest, API and page of a real site, in one process. */
export function serveCommand(): Command {
  return withSeriesFlags(new Command('serve'))
    .description(
      'Runs a real site: MQTT broker, evidence log, index, API and page, with logins. The first start prints a one-time\n' +
        'link with which the operator chooses a password; hours account makes further people. Page and API listen on\n' +
        'loopback, or with --tls or --behind-proxy on --http-host. Gateways come in over TLS, or from this machine alone\n' +
        'with --plain-loopback.',
    )
    .option('--data <dir>', 'where data lives (HOURS_DATA, default ./data)')
    .option('--http <port>', 'port of page and API (HOURS_HTTP_PORT, default 8080); 0 picks a free one')
    .option('--mqtt <port>', 'port of the broker (HOURS_MQTT_PORT, default 8883 with TLS, 1883 without)')
    .option('--mqtt-host <address>', 'address the broker listens on', '0.0.0.0')
    .option('--http-host <address>', 'address page and API listen on', '127.0.0.1')
    .option(
      '--tls <cert,key>',
      'PEM files of page, API and broker; or auto: made by this site’s own authority',
    )
    .option(
      '--behind-proxy [addresses]',
      'a proxy ends TLS for page and API; whose X-Forwarded-For is believed',
    )
    .option('--name <names...>', 'names this site is reached by; requests for others are refused')
    .option('--mqtt-ca <file>', "PEM of a further authority of gateways' certificates, beside the site's own")
    .option('--oidc-issuer <url>', 'log in by OpenID Connect there (secret: HOURS_OIDC_SECRET)')
    .option('--oidc-client <id>', 'the client id this site has there')
    .addOption(
      new Option('--oidc-claim <claim>', 'which claim is the account here')
        .choices(['preferred_username', 'email', 'sub'])
        .default('preferred_username'),
    )
    .option('--plain-loopback', 'plain MQTT on 127.0.0.1, for a gateway on this very machine')
    .action(async (flags: Flags) => serve(flags))
}

/** Runs the site until it is told to stop; one that the disk has halted is opened again when the disk takes files. */
async function serve(flags: Flags): Promise<void> {
  const dataDir = typedPath(flagOrEnv(flags.data, 'HOURS_DATA', 'data'))
  const logName = siteName(dataDir)
  checkDoorFlags(flags)
  const log = createLogger(process.env['HOURS_LOG'] ?? 'info')
  const mqttPort = portOf(
    flagOrEnv(flags.mqtt, 'HOURS_MQTT_PORT', flags.tls === undefined ? '1883' : '8883'),
    '--mqtt',
  )
  const httpPort = portOf(flagOrEnv(flags.http, 'HOURS_HTTP_PORT', '8080'), '--http')
  const webRoot = buildPage()
  const stopped = untilStopped().then(() => undefined)
  let ports = { http: httpPort, mqtt: mqttPort }
  for (;;) {
    const site = await openSite({ flags, dataDir, logName, log, webRoot, ports })
    ports = site.ports
    const halted = await Promise.race([stopped, site.halted])
    if (halted === undefined) console.log('Stopping ...')
    await site.close()
    if (halted === undefined) return
    log.error({ reason: halted }, 'the site had halted; the disk takes files again, so it is opened again')
  }
}

interface SiteOptions {
  readonly flags: Flags
  readonly dataDir: string
  readonly logName: string
  readonly log: Logger
  readonly webRoot: string
  readonly ports: { readonly http: number; readonly mqtt: number }
}

interface OpenedSite {
  readonly ports: SiteOptions['ports']
  /** Resolves when the site has halted and is worth opening anew. */
  readonly halted: Promise<string>
  close(): Promise<void>
}

async function openSite({ flags, dataDir, logName, log, webRoot, ports }: SiteOptions): Promise<OpenedSite> {
  const ingest = await createIngest({
    dataDir,
    clock: systemClock,
    log,
    logName,
    simulated: false,
    witnesses: policyWitnesses(dataDir),
  })
  const series = openSiteSeries({ ingest, dir: dataDir, log, ...influxOf(flags) })
  series.feed()
  const live: { broker?: Broker } = {}
  const door = await openSiteDoor(dataDir, flags, (gateway, reason) =>
    live.broker?.disconnect(gateway, reason),
  )
  const tls = await siteTls(dataDir, flags, door.ca)
  const broker = await createBroker({
    commit: ingest.commit,
    directory: withCertificates(ingest.directory, door.certificates),
    log,
    listen: tls
      ? { host: flags.mqttHost, port: ports.mqtt, tls }
      : { host: '127.0.0.1', port: ports.mqtt, allowPlain: true },
  })
  live.broker = broker
  ingest.attach(broker.publish)
  const channels = openSiteChannels({ ingest, clock: systemClock, dir: dataDir, log })
  const name = flags.name?.[0] ?? '127.0.0.1'
  const host = URL.parse(`https://${name}`)?.hostname ?? name
  const brokerUrl = tls ? `mqtts://${host}:${broker.port}` : `mqtt://127.0.0.1:${broker.port}`
  const ownTls = flags.behindProxy === undefined ? tls : undefined
  const api = await createApi({
    ingest,
    log,
    webRoot,
    series: series.store,
    outbox: series.outbox,
    channels,
    software: '0.1.0',
    logDir: join(dataDir, 'log'),
    door,
    brokerUrl,
    brokerMetrics: () => broker.metrics(),
    ...siteHosts(flags),
    ...siteProxies(flags),
    ...(ownTls ? { tls: ownTls } : {}),
  })
  await api.listen({ host: flags.httpHost, port: ports.http })
  const { port } = api.server.address() as { port: number }
  const page =
    flags.behindProxy !== undefined && flags.name !== undefined
      ? `https://${name}`
      : `${ownTls ? 'https' : 'http'}://${name}:${port}`
  console.log(`page    ${page}/`)
  const welcome = await firstOperator(door)
  if (welcome !== undefined)
    console.log(`login   ${page}${welcome} (account operator; choose a password within two days, works once)`)
  console.log(`broker  ${tls ? `mqtts://${flags.mqttHost}` : 'mqtt://127.0.0.1'}:${broker.port}`)
  console.log(`log     ${ingest.log.vkey()}`)
  const halt = whenHalted(ingest, dataDir)
  return {
    ports: { http: port, mqtt: broker.port },
    halted: halt.promise,
    async close() {
      halt.stop()
      await broker.close()
      await api.close()
      await channels.close()
      await series.close()
      await ingest.close()
      door.close()
    },
  }
}

/** The log's name as `init` wrote it into the first record; a demo is no site. */
function siteName(dataDir: string): string {
  let logName: string
  try {
    logName = openLogReader(join(dataDir, 'log')).logName
  } catch (cause) {
    throw new Error(
      `${dataDir} is not a site yet. Fix: npm run -s hours -- init --data ${dataDir} --name NAME`,
      { cause },
    )
  }
  if (logName.startsWith('demo.'))
    throw new Error(`${dataDir} holds a demo; a site needs a folder of its own`)
  return logName
}
