import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { join } from 'node:path'
import {
  type Checkpoint,
  cosign,
  formatCheckpoint,
  formatCosignatures,
  formatTlogSize,
  judgeAddCheckpoint,
  parseAddCheckpoint,
  parseCheckpoint,
  type Signer,
  type VKey,
} from '@hours/ledger'
import { nodeCrypto } from '@hours/ledger/node'
import type { Clock } from '@hours/protocol'

/** The longest request body a witness reads, bytes; a proof has at most 63 lines of 45 characters. */
const maxBodyBytes = 64 * 1024

/** An answer as tlog-witness gives it. */
export interface WitnessAnswer {
  readonly status: number
  readonly type: string
  readonly body: string
}

export interface WitnessOptions {
  /** Where the newest checkpoint of each log is remembered, fsynced before any cosignature leaves. */
  readonly dir: string
  /** The witness's name, as it stands in policies. */
  readonly name: string
  readonly signer: Signer
  /** The logs it watches; others are answered 404. */
  readonly logs: readonly VKey[]
  readonly clock: Clock
}

/**
 * A C2SP tlog-witness: cosigns a checkpoint only when it continues the newest one it has cosigned, so that no log can
 * show two histories to people who ask for this witness's line (https://c2sp.org/tlog-witness).
 */
export function createWitness({ dir, name, signer, logs, clock }: WitnessOptions): {
  /** Answers the body of one `POST /add-checkpoint`; runs to its end before the next, so no two can race. */
  addCheckpoint(body: string): WitnessAnswer
} {
  mkdirSync(dir, { recursive: true })
  const known = new Map<string, Checkpoint>()

  function last(origin: string): Checkpoint | undefined {
    const cached = known.get(origin)
    if (cached) return cached
    const path = join(dir, fileName(origin))
    if (!existsSync(path)) return undefined
    const read = parseCheckpoint(readFileSync(path, 'utf8'))
    // A witness that has lost its memory must not cosign again: it might help a fork.
    if (!read.ok)
      throw new Error(
        `${path} is damaged (${read.error.message}). Fix: restore it from a backup, or start a new witness key.`,
      )
    known.set(origin, read.value)
    return read.value
  }

  return {
    addCheckpoint(body) {
      const request = parseAddCheckpoint(body)
      if (!request.ok) return plain(400, request.error.message)
      const verdict = judgeAddCheckpoint(request.value, last, logs, nodeCrypto)
      if (verdict.status === 409)
        return { status: 409, type: 'text/x.tlog.size', body: formatTlogSize(verdict.size) }
      if (verdict.status !== 200) return plain(verdict.status, verdict.reason)
      const { checkpoint, text } = verdict
      remember(join(dir, fileName(checkpoint.origin)), formatCheckpoint(checkpoint))
      known.set(checkpoint.origin, checkpoint)
      const seconds = Math.floor(clock.wall() / 1_000)
      const line = cosign(text, { name, signer, seconds }, nodeCrypto.sha256)
      return { status: 200, type: 'text/plain; charset=utf-8', body: formatCosignatures([line]) }
    },
  }
}

const plain = (status: number, reason: string): WitnessAnswer => ({
  status,
  type: 'text/plain; charset=utf-8',
  body: `${reason}\n`,
})

/** Origins have slashes; file names have none. */
const fileName = (origin: string) => `${Buffer.from(origin).toString('base64url')}.checkpoint`

function remember(path: string, text: string): void {
  const file = openSync(`${path}.new`, 'w', 0o600)
  try {
    writeSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(`${path}.new`, path)
  const folder = openSync(join(path, '..'), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** Serves `witness` over HTTP: `POST /add-checkpoint`, and nothing else. */
export async function serveWitness(
  witness: ReturnType<typeof createWitness>,
  { host, port }: { host: string; port: number },
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server: Server = createServer((request, response) => {
    void answer(witness, request).then(({ status, type, body }) => {
      response.writeHead(status, { 'content-type': type, 'x-content-type-options': 'nosniff' }).end(body)
    })
  })
  server.requestTimeout = 10_000
  server.headersTimeout = 5_000
  server.maxConnections = 200
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(
  witness: ReturnType<typeof createWitness>,
  request: IncomingMessage,
): Promise<WitnessAnswer> {
  try {
    if (request.url !== '/add-checkpoint') return plain(404, 'this witness answers POST /add-checkpoint')
    if (request.method !== 'POST') return plain(405, 'POST is needed')
    const chunks: Buffer[] = []
    let length = 0
    for await (const chunk of request as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > maxBodyBytes) return plain(413, `more than ${maxBodyBytes} bytes`)
      chunks.push(chunk)
    }
    return witness.addCheckpoint(Buffer.concat(chunks).toString('utf8'))
  } catch (error) {
    return plain(500, error instanceof Error ? error.message : 'the witness failed')
  }
}
