import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import {
  createDiscovery,
  createGatewayLogger,
  type Discovered,
  discoveredYaml,
  discoverMeters,
  listenLocally,
  loadGatewayConfig,
  loadSparkplugReader,
  parseSegment,
  runGateway,
} from '@hours/gateway'
import type { GatewayConfig } from '@hours/protocol'
import { Command, InvalidArgumentError } from 'commander'
import { gatewayEnrolCommand, gatewayRenewCommand } from './gateway-enrol.ts'
import { renewGateway } from './gateway-identity.ts'
import { typedPath } from './paths.ts'

interface Options {
  readonly config?: string
  readonly data?: string
  readonly discover?: boolean
  readonly broker?: string
  readonly local?: string
  readonly segment?: string
  readonly seconds: number
}

/** `hours gateway`: at the instruments. */
export function gatewayCommand(): Command {
  return new Command('gateway')
    .enablePositionalOptions()
    .description(
      'Reads plugs and meters, writes signed pages and sends them to the broker, until Ctrl-C. It never switches anything.\n' +
        'With --discover it only listens to the local broker, reads the meters of the segment it is told, and prints\n' +
        'what it found, ready for the YAML file. It never sends a command.\n' +
        'Exit codes: 0 stopped, 1 failed, 2 wrong usage.',
    )
    .option('--config <file>', 'the gateway’s YAML file')
    .option('--data <dir>', 'folder of spool and key, instead of the one the YAML names')
    .option('--discover', 'list plugs and meters on the local broker and end')
    .option('--broker <url>', 'with --discover: the local broker, such as mqtt://127.0.0.1:1883')
    .option('--local <url>', 'the same as --broker')
    .option('--segment <cidr:port>', 'with --discover: read Modbus meters there, such as 192.168.7.0/24:502')
    .option('--seconds <n>', 'with --discover: how long to listen', wholeSeconds, 30)
    .addCommand(gatewayEnrolCommand())
    .addCommand(gatewayRenewCommand())
    .action(async (options: Options, command: Command) => {
      if (options.discover) await discover(options, command)
      else if (options.config === undefined) command.error('--config FILE is needed (or --discover).')
      else await run(configOf(options.config, options.data))
    })
}

function wholeSeconds(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError(`"${text}" is not 1 or more.`)
  return value
}

/** Paths in the file are as typed ones: from the folder the command was called in. */
function configOf(path: string, data: string | undefined): GatewayConfig {
  const config = loadGatewayConfig(typedPath(path), { place: typedPath })
  return data === undefined ? config : { ...config, data: typedPath(data) }
}

/** Certificates are looked at so often; they are renewed four months before their end. */
const renewalEveryMs = 12 * 3_600_000

async function run(config: GatewayConfig): Promise<void> {
  const stop = stopSignal()
  const log = createGatewayLogger(process.env['HOURS_LOG'])
  const running = runGateway(config, log)
  const renewal = setInterval(() => {
    renewGateway(config.data, Date.now()).then(
      (done) => {
        if (done) log.info('certificate renewed; the next connection uses it')
      },
      (err: unknown) => log.warn({ err }, 'certificate not renewed; tried again in 12 h'),
    )
  }, renewalEveryMs)
  console.log(
    `gateway ${config.site}/${config.gateway}: ${config.instruments.length} instrument(s), broker ${config.broker.url}\n` +
      `page key ${config.gateway}#1 ${running.publicKey}\n` +
      `data in ${config.data}; Ctrl-C ends.`,
  )
  if (!stop.aborted) await once(stop, 'abort')
  clearInterval(renewal)
  await running.stop()
  console.log('stopped; what has no receipt yet waits in the spool.')
}

async function discover(options: Options, command: Command): Promise<void> {
  const url = options.broker ?? options.local
  const broker =
    url === undefined && options.config !== undefined ? configOf(options.config, undefined).local : { url }
  const segment = options.segment === undefined ? undefined : parseSegment(options.segment)
  if (broker?.url === undefined && !segment) {
    command.error('--discover needs --broker URL, --segment CIDR:PORT, or --config FILE with `local`.')
    return
  }
  const stop = stopSignal()
  const [plugs, meters] = await Promise.all([
    broker?.url === undefined ? [] : listen({ ...broker, url: broker.url }, options.seconds, stop),
    segment ? discoverMeters(segment, stop) : [],
  ])
  console.log(discoveredYaml([...plugs, ...meters]))
}

async function listen(
  broker: NonNullable<GatewayConfig['local']>,
  seconds: number,
  stop: AbortSignal,
): Promise<readonly Discovered[]> {
  const discovery = createDiscovery(await loadSparkplugReader())
  const heard = { broker: false }
  const listener = listenLocally(broker, discovery.filters, {
    onMessage: (topic, payload) => discovery.see(topic, payload, Date.now()),
    onConnected(connected) {
      if (connected) heard.broker = true
    },
  })
  console.error(`listening to ${broker.url} for ${seconds} s ...`)
  await pause(seconds * 1_000, undefined, { signal: stop }).catch(() => undefined)
  await listener.stop()
  if (heard.broker) return discovery.found()
  throw new Error(`broker: "${broker.url}" could not be reached. Fix: start it, or check the address.`)
}

function stopSignal(): AbortSignal {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  return stop.signal
}
