import { createHash, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { PushAddress } from '../push-settings.ts'

/** What becomes of one pushed body: an HTTP status and a line for whoever set the PC up. */
export interface PushAnswer {
  readonly status: 204 | 400 | 429
  readonly text: string
}

/** Who may push under a name, and what is done with it. */
export interface PushTarget {
  readonly token: string
  take(body: Uint8Array): PushAnswer
}

/** A listener that all pushed sources of one address share. */
export interface PushListener {
  leave(): Promise<void>
}

/** A reading is some 200 bytes. */
const maxBody = 4_096
const limits = {
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 60_000,
  connectionsCheckingInterval: 2_000,
}
const maxConnections = 64

interface Open {
  readonly targets: Map<string, PushTarget>
  readonly server: Promise<Server>
}
const open = new Map<string, Open>()

/** Takes pushes for `name` at `address`; the first opens the port, the last to leave closes it. Rejects: no such port. */
export async function listenForPushes(
  address: PushAddress,
  name: string,
  target: PushTarget,
): Promise<PushListener> {
  const place = `${address.host}:${address.port}`
  const known = open.get(place) ?? begin(address)
  open.set(place, known)
  known.targets.set(name, target)
  async function leave(): Promise<void> {
    if (known.targets.get(name) !== target) return
    known.targets.delete(name)
    if (known.targets.size > 0) return
    if (open.get(place) === known) open.delete(place)
    const server = await known.server.catch(() => undefined)
    if (!server) return
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeAllConnections()
    await closed
  }
  try {
    await known.server
  } catch (error) {
    await leave()
    throw error
  }
  return { leave }
}

function begin({ host, port, tls }: PushAddress): Open {
  const targets = new Map<string, PushTarget>()
  const handle: RequestListener = (request, response) => {
    serve(targets, request).then(
      (answer) => say(response, answer),
      () => response.destroy(),
    )
  }
  const start = async () => {
    const server = tls
      ? createTlsServer(
          { ...limits, minVersion: 'TLSv1.2', cert: readFileSync(tls.cert), key: readFileSync(tls.key) },
          handle,
        )
      : createServer(limits, handle)
    server.maxConnections = maxConnections
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, host, resolve)
    })
    // What comes after the start is one connection's fault, never the gateway's end.
    server.on('error', () => undefined)
    return server
  }
  return { targets, server: start() }
}

interface Answer {
  readonly status: number
  readonly text: string
}

async function serve(targets: ReadonlyMap<string, PushTarget>, request: IncomingMessage): Promise<Answer> {
  const [, name] = /^\/push\/([a-z0-9-]{1,40})$/.exec(request.url ?? '') ?? []
  if (name === undefined) return { status: 404, text: 'POST /push/NAME' }
  if (request.method !== 'POST') return { status: 405, text: 'POST only' }
  const target = targets.get(name)
  // An unknown name and a wrong token are told in the same way.
  if (!target || !isToken(request.headers.authorization, target.token))
    return { status: 401, text: 'authorization: Bearer TOKEN of this name is needed' }
  const body = await bodyOf(request)
  return body ? target.take(body) : { status: 413, text: `at most ${maxBody} bytes` }
}

/** Compared as hashes: in constant time, whatever their lengths. */
function isToken(header: string | undefined, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(header ?? ''), digest(`Bearer ${token}`))
}

async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > maxBody) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function say(response: ServerResponse, { status, text }: Answer): void {
  if (status === 204) response.writeHead(204).end()
  else
    response
      .writeHead(status, { 'content-type': 'text/plain', ...(status === 413 ? { connection: 'close' } : {}) })
      .end(`${text}\n`)
}
