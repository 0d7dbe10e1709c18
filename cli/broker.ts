import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import {
  type Accounts,
  accountsDirectory,
  createBroker,
  decodeAccounts,
  hashPassword,
  mosquittoAcl,
} from '@hours/broker'
import { Command, InvalidArgumentError, Option } from 'commander'
import { pino } from 'pino'
import { typedPath } from './paths.ts'
import { untilStopped } from './until-stopped.ts'

interface Options {
  readonly mqtt: number
  readonly host: string
  readonly accounts?: string
  readonly tls?: readonly [string, string]
  readonly ca?: string
  readonly acl?: 'mosquitto'
  readonly hashPassword?: boolean
}

const example = `
The accounts file (JSON):
  {"gateways": [{"site": "lab", "gateway": "gw-1", "password": "scrypt$..."}],
   "ingest":   {"id": "ingest", "password": "scrypt$...", "sites": "all"},
   "readers":  [{"id": "wall", "password": "scrypt$...", "sites": ["lab"]}]}
A gateway without "password" comes in by its certificate (--ca) only.

This broker alone acknowledges what it has passed on, not what is on disk: a PUBACK of it is no receipt, and gateways
keep their pages until hours ingest has answered. To have the PUBACK wait for the log, run hours serve instead.`

/** `hours broker`: the MQTT door without an ingest behind it, and its rights for Mosquitto. */
export function brokerCommand(): Command {
  return new Command('broker')
    .description(
      'The MQTT door alone, for an ingest in another process (hours ingest --broker) or for measurements.',
    )
    .option(
      '--mqtt <port>',
      'port; 0 picks a free one',
      portOf,
      portOf(process.env['HOURS_MQTT_PORT'] ?? '1883'),
    )
    .option('--host <address>', 'address to listen on; without --tls a loopback address', '127.0.0.1')
    .option('--accounts <file>', 'who may come in (below)')
    .option('--tls <cert,key>', 'PEM files of the broker', pairOf)
    .option('--ca <file>', 'PEM of the authority that signs the gateways’ certificates')
    .addOption(
      new Option('--acl <kind>', 'print the rights of the accounts file for another broker, and end').choices(
        ['mosquitto'],
      ),
    )
    .option('--hash-password', 'read a password from standard input, print its hash, and end')
    .addHelpText('after', example)
    .action(run)
}

function portOf(value: string): number {
  const port = Number(value)
  if (value === '' || !Number.isInteger(port) || port < 0 || port > 65_535)
    throw new InvalidArgumentError(`"${value}" is not a port (0 to 65535).`)
  return port
}

function pairOf(value: string): readonly [string, string] {
  const [cert, key, ...rest] = value.split(',')
  if (!cert || !key || rest.length > 0)
    throw new InvalidArgumentError(`"${value}" is not CERT,KEY (two PEM files with a comma between).`)
  return [cert, key]
}

async function run(options: Options): Promise<void> {
  if (options.hashPassword) {
    const password = (await text(process.stdin)).replace(/\r?\n$/, '')
    if (password.length < 16)
      throw new Error('the password has fewer than 16 characters. Fix: openssl rand -base64 32')
    console.log(await hashPassword(password))
    return
  }
  const accounts = options.accounts === undefined ? undefined : accountsOf(options.accounts)
  if (options.acl) {
    console.log(aclOf(accounts))
    return
  }
  if (!accounts) throw new Error('--accounts is missing: without it nobody may come in. Fix: see --help.')
  await serve(options, accounts)
}

async function serve(options: Options, accounts: Accounts): Promise<void> {
  const pem = (path: string) => readFileSync(typedPath(path), 'utf8')
  const tls = options.tls && {
    cert: pem(options.tls[0]),
    key: pem(options.tls[1]),
    ...(options.ca === undefined ? {} : { ca: pem(options.ca) }),
  }
  const broker = await createBroker({
    commit: () => Promise.resolve(),
    directory: accountsDirectory(accounts),
    readers: accounts.readers,
    ...(accounts.ingest ? { ingest: accounts.ingest } : {}),
    log: pino({ level: process.env['HOURS_LOG'] ?? 'info' }, pino.destination(2)),
    listen: { host: options.host, port: options.mqtt, ...(tls ? { tls } : { allowPlain: true }) },
  })
  const stopped = untilStopped()
  console.log(
    `mqtt${tls ? 's' : ''}://${options.host}:${broker.port} for ${accounts.gateways.length} gateways; ` +
      'PUBACKs say passed on, not on disk; Ctrl-C ends.',
  )
  await stopped
  await broker.close()
}

function accountsOf(file: string): Accounts {
  const accounts = decodeAccounts(readFileSync(typedPath(file), 'utf8'))
  if (!accounts.ok) throw new Error(`${file}: ${accounts.error.message}`)
  return accounts.value
}

function aclOf(accounts: Accounts | undefined): string {
  if (!accounts) return mosquittoAcl({ ingest: 'ingest' })
  const { gateways, ingest, readers } = accounts
  const sites = ingest === undefined || ingest.sites === 'all' ? {} : { sites: ingest.sites }
  return mosquittoAcl({
    ingest: ingest?.id ?? 'ingest',
    ...sites,
    readers,
    gateways: gateways.filter((one) => !one.revoked),
  })
}
