import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { extname, join } from 'node:path'
import type { AddressInfo } from 'node:net'
import type { Tamper } from './fixture-evidence.ts'
import { answer } from './fixture-api.ts'
import type { Reply } from './fixture-reply.ts'
import { createFleet, type Fleet } from './simulated-fleet.ts'

/**
 * A stand-in for the server while the page is made and tried: the built page under the real
 * Content-Security-Policy, and an API with simulated figures. Never shipped.
 */

const csp =
  "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; script-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

/** What the server is like today. */
export interface Mood {
  fleet: Fleet
  /** `late` = the figures that come later exist too. */
  late: boolean
  tamper: Tamper
  /** Every API answer is this status instead; 0 = none. */
  fail: number
  /** Answers as if nothing had ever been recorded, by a plug or by a person. */
  noEvidence: boolean
}

export interface FixtureServer {
  readonly url: string
  readonly mood: Mood
  /** Sends a live event to every open page. */
  tell(event: unknown): void
  /** Addresses asked for since the last call. */
  asked(): string[]
  close(): Promise<void>
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** Monday 23 November 2026, 16:12:30 in Shanghai. */
export const fixtureNow = Date.UTC(2026, 10, 23, 8, 12, 30)

export async function startFixture(
  root: string,
  options: { size?: number; port?: number } = {},
): Promise<FixtureServer> {
  const mood: Mood = {
    fleet: createFleet(options.size ?? 16, fixtureNow),
    late: true,
    tamper: 'none',
    fail: 0,
    noEvidence: false,
  }
  const listeners = new Set<ServerResponse>()
  let seen: string[] = []
  const server = createServer((request, response) => {
    seen.push(request.url ?? '')
    respond(request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error))
    })
  })

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://fixture')
    if (url.pathname === '/api/v1/events') {
      listen(response)
      return
    }
    if (url.pathname.startsWith('/api/') || url.pathname.startsWith('/log/')) {
      const reply: Reply = mood.fail > 0 ? problem(mood.fail) : answer(url, mood, request.method ?? 'GET')
      const type = typeof reply.body === 'string' ? 'text/plain; charset=utf-8' : 'application/json'
      response.writeHead(reply.status, { 'content-type': type, 'x-hours-simulated': 'true' })
      response.end(typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body))
      return
    }
    await sendFile(url.pathname, response)
  }

  function listen(response: ServerResponse): void {
    if (mood.fail > 0) {
      response.writeHead(mood.fail).end()
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.write('retry: 3000\n\n')
    listeners.add(response)
    response.on('close', () => listeners.delete(response))
  }

  async function sendFile(path: string, response: ServerResponse): Promise<void> {
    const file = extname(path) === '' ? '/index.html' : path
    const bytes = await readFile(join(root, file)).catch(() => undefined)
    response.writeHead(bytes ? 200 : 404, {
      'content-type': types[extname(file)] ?? 'application/octet-stream',
      'content-security-policy': csp,
    })
    response.end(bytes)
  }

  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    mood,
    tell(event) {
      for (const one of listeners) one.write(`event: state\ndata: ${JSON.stringify(event)}\n\n`)
    },
    asked() {
      const list = seen
      seen = []
      return list
    },
    close() {
      for (const one of listeners) one.end()
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

const problem = (status: number): Reply => ({
  status,
  body: { type: 'about:blank', title: `refused with ${status}`, status },
})
