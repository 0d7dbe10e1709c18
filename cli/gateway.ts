import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import {
  createDiscovery,
  createGatewayLogger,
  discoveredYaml,
  listenLocally,
  loadGatewayConfig,
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
  readonly local?: string
  readonly seconds: number
}

/** `hours gateway`: at the instruments. */
export function gatewayCommand(): Command {
  return new Command('gateway')
    .enablePositionalOptions()
    .description(
      'Reads plugs and meters, writes signed pages and sends them to the broker, until Ctrl-C. It never switches anything.\n' +
        'With --discover it only listens to the local broker and prints the plugs it heard, ready for the YAML file.\n' +
        'Exit codes: 0 stopped, 1 failed, 2 wrong usage.',
    )
    .option('--config <file>', 'the gateway’s YAML file')
    .option('--data <dir>', 'folder of spool and key, instead of the one the YAML names')
    .option('--discover', 'list plugs and meters on the local broker and end')
    .option('--local <url>', 'with --discover: the local broker, such as mqtt://127.0.0.1:1883')
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

async function discover({ config, local, seconds }: Options, command: Command): Promise<void> {
  const broker =
    local === undefined && config !== undefined ? configOf(config, undefined).local : { url: local ?? '' }
  if (!broker || broker.url === '') {
    command.error('--discover needs --local URL, or --config FILE with `local`.')
    return
  }
  const stop = stopSignal()
  const discovery = createDiscovery()
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
  if (!heard.broker)
    throw new Error(`local: "${broker.url}" could not be reached. Fix: start it, or check the address.`)
  console.log(discoveredYaml(discovery.found()))
}

function stopSignal(): AbortSignal {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  return stop.signal
}
