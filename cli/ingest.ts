import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createIngest, createLogger, freshClientId, openLogReader, subscribeExternal } from '@hours/ingest'
import { SiteId, systemClock } from '@hours/protocol'
import { Command, InvalidArgumentError } from 'commander'
import { checkBrokerUrl } from './broker-url.ts'
import { typedPath } from './paths.ts'
import { policyWitnesses } from './witnesses.ts'

interface Options {
  readonly data: string
  readonly broker: string
  readonly name?: string
  readonly clientId?: string
  readonly username?: string
  readonly passwordEnv: string
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly sites?: SiteId[]
  readonly plain?: true
}

/** `hours ingest`: the evidence log behind a broker of others. */
export function ingestCommand(): Command {
  return new Command('ingest')
    .description(
      'Takes pages from an external MQTT broker into the evidence log and answers with receipts, until Ctrl-C.\n' +
        'What the broker loses costs time, not hours: gateways keep their pages until they have a receipt.',
    )
    .option('--data <dir>', 'data folder', process.env['HOURS_DATA'] ?? './data')
    .requiredOption('--broker <url>', 'such as mqtts://broker.example.edu:8883')
    .option('--name <name>', 'name of the log at the first start, such as gz.hours; kept from then on')
    .option('--client-id <id>', 'MQTT client id; by default one is made and kept in the data folder')
    .option('--username <name>', 'name at the broker')
    .option('--password-env <variable>', 'environment variable with the password', 'HOURS_BROKER_PASSWORD')
    .option('--ca <file>', 'PEM of the broker’s authority')
    .option('--cert <file>', 'PEM of our certificate')
    .option('--key <file>', 'PEM of its key')
    .option('--plain', 'also without TLS to another machine: password and pages are read by whoever listens')
    .option('--sites <ids>', 'only these sites, with commas between', sitesOf)
    .action(run)
}

function sitesOf(text: string): SiteId[] {
  return text.split(',').map((id) => {
    const site = SiteId.safeParse(id.trim())
    if (!site.success) throw new InvalidArgumentError(`"${id}" is not a site id.`)
    return site.data
  })
}

async function run(options: Options): Promise<void> {
  checkBrokerUrl(options.broker, options.plain === true)
  const dataDir = typedPath(options.data)
  const logger = createLogger(process.env['HOURS_LOG'])
  const logName = options.name ?? nameOnDisk(dataDir)
  const ingest = await createIngest({
    dataDir,
    clock: systemClock,
    log: logger,
    logName,
    simulated: false,
    witnesses: policyWitnesses(dataDir),
  })
  const file = (path: string | undefined) => (path === undefined ? undefined : readFileSync(typedPath(path)))
  const password = process.env[options.passwordEnv]
  const credentials = {
    username: options.username,
    password,
    ca: file(options.ca),
    cert: file(options.cert),
    key: file(options.key),
    sites: options.sites,
  }
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  try {
    const broker = await subscribeExternal({
      signal: stop.signal,
      url: options.broker,
      clientId: options.clientId ?? keptClientId(dataDir),
      commit: ingest.commit,
      attach: (publish) => ingest.attach(publish),
      clock: systemClock,
      logger,
      ...present(credentials),
    })
    console.log(`log ${ingest.log.vkey()}\ntakes pages from ${options.broker}; Ctrl-C ends.`)
    if (!stop.signal.aborted) await once(stop.signal, 'abort')
    await broker.close()
  } finally {
    await ingest.close()
  }
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

/** The members that have a value. */
const present = <T extends object>(from: T): Present<T> =>
  Object.fromEntries(Object.entries(from).filter(([, value]) => value !== undefined)) as Present<T>

function nameOnDisk(dataDir: string): string {
  try {
    return openLogReader(join(dataDir, 'log')).logName
  } catch (cause) {
    throw new Error(`${dataDir} holds no log yet. Fix: name it with --name, such as --name gz.hours.`, {
      cause,
    })
  }
}

/** The broker keeps what arrives while we are away under this id. */
function keptClientId(dataDir: string): string {
  const path = join(dataDir, 'client-id')
  if (existsSync(path)) return readFileSync(path, 'utf8').trim()
  const id = freshClientId()
  writeFileSync(path, `${id}\n`)
  return id
}
