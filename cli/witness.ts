import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createVkey, formatVkey, noteType, parseVkey, type VKey } from '@hours/ledger'
import { createSigner, generateKey, loadKeyFile, nodeCrypto, saveKeyFile } from '@hours/ledger/node'
import { systemClock } from '@hours/protocol'
import { createWitness, serveWitness } from '@hours/verifier'
import { Command } from 'commander'
import { typedPath } from './paths.ts'

/** `hours witness`: the small server a regulator runs so that no log can show two histories. */
export function witnessCommand(): Command {
  return new Command('witness')
    .description(
      'Cosigns checkpoints of the logs it watches (C2SP tlog-witness) when they continue what it has seen.\n' +
        'Run it on a machine of your own: a witness run by the operator protects nobody.',
    )
    .requiredOption('--name <name>', 'name of this witness in policies, such as regulator.example/w1')
    .requiredOption('--logs <file>', 'file with one vkey a line: the logs to watch')
    .option('--data <dir>', 'folder for its key and memory', './witness-data')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--http <port>', 'port to listen on; 0 picks a free one', '8090')
    .action(async (options: { name: string; logs: string; data: string; host: string; http: string }) => {
      const dir = typedPath(options.data)
      mkdirSync(dir, { recursive: true, mode: 0o700 })
      const keyFile = join(dir, 'witness.key')
      if (!existsSync(keyFile)) saveKeyFile(keyFile, generateKey())
      const signer = createSigner('witness#1', loadKeyFile(keyFile))
      const vkey = createVkey(options.name, noteType.cosignature, signer.publicKey, nodeCrypto.sha256)
      const witness = createWitness({
        dir: join(dir, 'seen'),
        name: options.name,
        signer,
        logs: readLogs(typedPath(options.logs)),
        clock: systemClock,
      })
      const served = await serveWitness(witness, { host: options.host, port: Number(options.http) })
      console.log(`Witness ${formatVkey(vkey)}`)
      console.log(`listens on http://${options.host}:${served.port}; line for a policy file:`)
      console.log(
        `witness ${options.name.replaceAll('/', '-')} ${formatVkey(vkey)} http://${options.host}:${served.port}`,
      )
      await new Promise<void>((resolve) => {
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
      })
      await served.close()
    })
}

function readLogs(path: string): VKey[] {
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  return lines.map((line, i) => {
    const key = parseVkey(line, nodeCrypto.sha256)
    if (!key.ok)
      throw new Error(`${path}, line ${i + 1}: ${key.error.message}. Fix: the vkey the operator published.`)
    return key.value
  })
}
