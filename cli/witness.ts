import { existsSync, mkdirSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { createVkey, formatVkey, noteType, parseVkey, type VKey } from '@hours/ledger'
import {
  createSigner,
  generateKey,
  loadKeyFile,
  lockFolder,
  nodeCrypto,
  saveKeyFile,
} from '@hours/ledger/node'
import { systemClock } from '@hours/protocol'
import { createWitness, serveWitness } from '@hours/verifier'
import { Command, InvalidArgumentError } from 'commander'
import { portOf } from './flag-values.ts'
import { typedPath } from './paths.ts'
import { UsageError } from './run-command.ts'
import { textOf } from './text-file.ts'
import { untilStopped } from './until-stopped.ts'

interface Options {
  readonly name: string
  readonly logs: string
  readonly data: string
  readonly host: string
  readonly http: string
}

/** `hours witness`: the small server a regulator runs so that no log can show two histories. */
export function witnessCommand(): Command {
  return new Command('witness')
    .description(
      'Cosigns checkpoints of the logs it watches (C2SP tlog-witness) when they continue what it has seen.\n' +
        'Run it on a machine of your own: a witness run by the operator protects nobody.',
    )
    .requiredOption(
      '--name <name>',
      'name of this witness in policies, such as regulator.example/w1',
      keyName,
    )
    .requiredOption('--logs <file>', 'the logs to watch: a file with one vkey a line, or a policy')
    .option('--data <dir>', 'folder for its key and memory', './witness-data')
    .option('--host <address>', 'address to listen on; 0.0.0.0 for other machines', '127.0.0.1')
    .option('--http <port>', 'port to listen on; 0 picks a free one', '8090')
    .action(async (options: Options) => {
      const watched = readLogs(options.logs)
      const dir = typedPath(options.data)
      mkdirSync(dir, { recursive: true, mode: 0o700 })
      const unlock = lockFolder(dir, { name: 'witness.lock', what: 'witness folder' })
      try {
        await runWitness(dir, watched, options)
      } finally {
        unlock()
      }
    })
}

/** A name as vkeys have it (C2SP signed-note). */
function keyName(text: string): string {
  if (/^[^\s+]{1,200}$/u.test(text)) return text
  throw new InvalidArgumentError(
    `--name "${text}" cannot stand in a policy. Fix: no spaces, no "+", such as regulator.example/w1.`,
  )
}

/** Serves until it is told to stop. */
async function runWitness(dir: string, logs: readonly VKey[], { name, host, http }: Options): Promise<void> {
  const keyFile = join(dir, 'witness.key')
  if (!existsSync(keyFile)) saveKeyFile(keyFile, generateKey())
  const signer = createSigner('witness#1', loadKeyFile(keyFile))
  const vkey = createVkey(name, noteType.cosignature, signer.publicKey, nodeCrypto.sha256)
  const witness = createWitness({
    dir: join(dir, 'seen'),
    name,
    signer,
    logs,
    clock: systemClock,
  })
  const stopped = untilStopped()
  const served = await serveWitness(witness, { host, port: portOf(http, '--http') })
  console.log(`Witness ${formatVkey(vkey)}`)
  const reached = host === '0.0.0.0' || host === '::' ? hostname() : host
  console.log(
    `listens on http://${host}:${served.port}; line for a policy, with the address at which the operator reaches it:`,
  )
  console.log(`witness ${name.replaceAll('/', '-')} ${formatVkey(vkey)} http://${reached}:${served.port}`)
  await stopped
  await served.close()
}

/** The logs of a file with one vkey a line, or of a policy: of that only its log lines are read. */
function readLogs(typed: string): VKey[] {
  const logs: VKey[] = []
  for (const [i, line] of textOf('--logs', typed).split('\n').entries()) {
    const [first = '', second = ''] = line.trim().split(/\s+/)
    if (first === '' || first.startsWith('#') || /^(witness|group|quorum)$/.test(first)) continue
    const key = parseVkey(first === 'log' ? second : first, nodeCrypto.sha256)
    const where = `--logs: ${typed}, line ${i + 1}`
    if (!key.ok) throw new UsageError(`${where}: ${key.error.message}. Fix: the vkey the operator published.`)
    logs.push(key.value)
  }
  if (logs.length === 0)
    throw new UsageError(`--logs: ${typed} names no log. Fix: the vkey the operator published.`)
  return logs
}
