import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunningIngest } from '@hours/ingest'
import { createVkey, formatVkey, noteType, parseVkey } from '@hours/ledger'
import { createSigner, loadKeyFile, nodeCrypto } from '@hours/ledger/node'
import type { Clock } from '@hours/protocol'
import { createWitness, serveWitness } from '@hours/verifier'
import { makeKeyFile } from './gateway-keys.ts'

/** Its host is the log's own, so `hours verify` says that nobody independent stands outside, which is true here. */
const name = 'witness.demo.hours/w1'

/**
 * A witness in the demo's own process, on its clock (records.md, section 11). Writes the demo's policy file
 * with it; returns what stops the witness.
 */
export async function runDemoWitness({
  ingest,
  dir,
  clock,
}: {
  ingest: RunningIngest
  dir: string
  clock: Clock
}): Promise<{ close(): Promise<void> }> {
  const keyFile = join(dir, 'witness', 'witness.key')
  makeKeyFile(keyFile)
  const signer = createSigner('witness#1', loadKeyFile(keyFile))
  const log = parseVkey(ingest.log.vkey(), nodeCrypto.sha256)
  if (!log.ok) throw new Error(log.error.message)
  const key = createVkey(name, noteType.cosignature, signer.publicKey, nodeCrypto.sha256)
  const witness = createWitness({ dir: join(dir, 'witness', 'seen'), name, signer, logs: [log.value], clock })
  const served = await serveWitness(witness, { host: '127.0.0.1', port: 0 })
  const url = `http://127.0.0.1:${served.port}`
  ingest.witnessing.add({ name: 'w1', key, url })
  await ingest.witnessing.round()
  writeFileSync(
    join(dir, 'policy'),
    `log ${ingest.log.vkey()}\nwitness w1 ${formatVkey(key)} ${url}\nquorum w1\n`,
  )
  return { close: () => served.close() }
}
