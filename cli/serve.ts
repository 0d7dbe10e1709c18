import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createBroker } from '@hours/broker'
import { createApi, createIngest, createLogger, type InfluxOptions, openLogReader } from '@hours/ingest'
import { systemClock } from '@hours/protocol'
import { Command } from 'commander'
import { buildPage } from './build-page.ts'
import { typedPath } from './paths.ts'
import { policyWitnesses } from './witnesses.ts'
import { flagOrEnv, portOf } from './ports-flags.ts'
import { openSiteSeries } from './site-series.ts'

interface Flags {
  readonly data?: string
  readonly http?: string
  readonly mqtt?: string
  readonly mqttHost: string
  readonly tls?: string
  readonly mqttCa?: string
  readonly plainLoopback?: boolean
  readonly influxUrl?: string
  readonly influxDatabase: string
}

/** `hours serve`: broker, ingest, API and page of a real site, in one process. */
export function serveCommand(): Command {
  return new Command('serve')
    .description(
      'Runs a real site: MQTT broker, evidence log, index, API and page. The page and API listen on loopback only:\n' +
        'put a reverse proxy with TLS and your login before them. Gateways come in over TLS (--tls), or from this\n' +
        'machine alone with --plain-loopback.',
    )
    .option('--data <dir>', 'where data lives (HOURS_DATA, default ./data)')
    .option(
      '--http <port>',
      'port of page and API on 127.0.0.1 (HOURS_HTTP_PORT, default 8080); 0 picks a free one',
    )
    .option('--mqtt <port>', 'port of the broker (HOURS_MQTT_PORT, default 8883 with TLS, 1883 without)')
    .option('--mqtt-host <address>', 'address the broker listens on', '0.0.0.0')
    .option('--tls <cert,key>', 'PEM files of the broker')
    .option('--mqtt-ca <file>', "PEM of the authority of gateways' certificates")
    .option('--plain-loopback', 'plain MQTT on 127.0.0.1, for a gateway on this very machine')
    .option(
      '--influx-url <url>',
      'InfluxDB 1.x, 2.x or 3 for the series; default an embedded store (token: INFLUX_TOKEN)',
    )
    .option('--influx-database <name>', 'its database or bucket, made where it is absent', 'hours')
    .action(async (flags: Flags) => serve(flags))
}

async function serve(flags: Flags): Promise<void> {
  const dataDir = typedPath(flagOrEnv(flags.data, 'HOURS_DATA', 'data'))
  const logName = siteName(dataDir)
  const tls = tlsOf(flags)
  if (!tls && flags.plainLoopback !== true)
    throw new Error(
      'no --tls cert,key: gateways would send passwords in the open. Fix: give a certificate, or --plain-loopback.',
    )
  const log = createLogger(process.env['HOURS_LOG'] ?? 'info')
  const mqttPort = portOf(flagOrEnv(flags.mqtt, 'HOURS_MQTT_PORT', tls ? '8883' : '1883'), '--mqtt')
  const httpPort = portOf(flagOrEnv(flags.http, 'HOURS_HTTP_PORT', '8080'), '--http')
  const webRoot = buildPage()
  const ingest = await createIngest({
    dataDir,
    clock: systemClock,
    log,
    logName,
    simulated: false,
    witnesses: policyWitnesses(dataDir),
  })
  const series = openSiteSeries({ ingest, dir: dataDir, log, ...influxOf(flags) })
  const broker = await createBroker({
    commit: series.feed().commit,
    directory: ingest.directory,
    log,
    listen: tls
      ? { host: flags.mqttHost, port: mqttPort, tls }
      : { host: '127.0.0.1', port: mqttPort, allowPlain: true },
  })
  ingest.attach(broker.publish)
  const api = await createApi({
    ingest,
    log,
    webRoot,
    series: series.store,
    outbox: series.outbox,
    software: '0.1.0',
    logDir: join(dataDir, 'log'),
  })
  await api.listen({ host: '127.0.0.1', port: httpPort })
  const { port } = api.server.address() as { port: number }
  console.log(`page    http://127.0.0.1:${port}/`)
  console.log(`broker  ${tls ? `mqtts://${flags.mqttHost}` : 'mqtt://127.0.0.1'}:${broker.port}`)
  console.log(`log     ${ingest.log.vkey()}`)
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
  console.log('Stopping ...')
  await broker.close()
  await api.close()
  await series.close()
  await ingest.close()
}

function influxOf({ influxUrl, influxDatabase }: Flags): { influx?: InfluxOptions } {
  if (influxUrl === undefined) return {}
  const token = process.env['INFLUX_TOKEN']
  return { influx: { url: influxUrl, database: influxDatabase, ...(token ? { token } : {}) } }
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

function tlsOf({ tls, mqttCa }: Flags): { cert: string; key: string; ca?: string } | undefined {
  if (tls === undefined) return undefined
  const [cert, key, ...rest] = tls.split(',')
  if (!cert || !key || rest.length > 0)
    throw new Error(`--tls "${tls}": certificate and key with a comma between, such as cert.pem,key.pem`)
  const read = (path: string) => readFileSync(typedPath(path), 'utf8')
  return { cert: read(cert), key: read(key), ...(mqttCa === undefined ? {} : { ca: read(mqttCa) }) }
}
