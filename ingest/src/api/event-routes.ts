import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { LiveEvent } from '@hours/protocol'
import type { FastifyRequest } from 'fastify'
import type { ApiContext } from './context.ts'
import { stillIn } from './guard.ts'
import { Problem } from './problem.ts'
import type { Api } from './server.ts'
import { securityHeaders } from './security-headers.ts'

/** A browser that reads slower than this much (bytes) is let go; it reconnects by itself. */
const maxBuffered = 256 * 1024
const maxListeners = 500
/** And of one account. */
const maxOwn = 50
/** Events kept for those who come back. */
const maxKept = 2_000

interface Listener {
  readonly response: ServerResponse
  readonly request: FastifyRequest
}

interface Kept {
  readonly key: string
  readonly text: string
}

/**
 * `GET /api/v1/events`: server-sent events of live states; a `beat` each 15 s keeps proxies from closing it, and tells a
 * page on a wall that the line is not dead. Who comes back with `Last-Event-ID` gets what it missed, or `reset` (read everything anew) when that is no longer kept.
 */
export function eventRoutes(app: Api, { ingest, seesOf = () => true, door }: ApiContext): void {
  const open = new Set<Listener>()
  /** Ids of another start of the service mean nothing to this one. */
  const run = randomUUID().slice(0, 8)
  const kept: Kept[] = []
  let last = 0

  const send = (response: ServerResponse, text: string) => {
    if (response.writableLength > maxBuffered) response.destroy()
    else response.write(text)
  }
  const stop = ingest.live.onChange((key, { state, since, at, mw }) => {
    const event: LiveEvent = { key, state, since, at, mw }
    last += 1
    const text = `id: ${run}-${last}\nevent: state\ndata: ${JSON.stringify(event)}\n\n`
    kept.push({ key, text })
    if (kept.length > maxKept) kept.splice(0, maxKept / 2)
    for (const { response, request } of open) if (seesOf(request, key)) send(response, text)
  })
  const beat = setInterval(() => {
    for (const { response, request } of open) {
      // Who has signed out, was disabled or may less than before hears no more; a browser comes back by itself.
      if (door && !stillIn(door, request)) response.destroy()
      else send(response, 'event: beat\ndata: {}\n\n')
    }
  }, 15_000)
  beat.unref()
  app.addHook('preClose', () => {
    clearInterval(beat)
    stop()
    for (const { response } of open) response.end(() => response.socket?.destroy())
  })

  /** What somebody missed who saw everything up to `seen`. */
  function missed(seen: string, request: FastifyRequest): string {
    const [of, text = ''] = seen.split('-')
    const since = Number(text)
    const behind = last - since
    if (of !== run || !/^\d{1,15}$/.test(text) || behind < 0 || behind > kept.length)
      return 'event: reset\ndata: {}\n\n'
    if (behind === 0) return ''
    return kept
      .slice(-behind)
      .filter(({ key }) => seesOf(request, key))
      .map(({ text }) => text)
      .join('')
  }

  app.get(
    '/api/v1/events',
    // HEAD would wait for events without an end.
    { schema: { tags: ['instruments'] }, config: { needs: 'read' }, exposeHeadRoute: false },
    (request, reply) => {
      const own = [...open].filter((one) => one.request.principal?.id === request.principal?.id).length
      if (open.size >= maxListeners || (request.principal && own >= maxOwn))
        throw new Problem(503, 'too many live listeners', { value: own, fix: 'close some pages' })
      const seen = request.headers['last-event-id']
      reply.hijack()
      const response = reply.raw
      response.writeHead(200, {
        ...securityHeaders,
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
        'x-hours-simulated': String(ingest.simulated),
      })
      response.write(`retry: 3000\n\n${typeof seen === 'string' ? missed(seen, request) : ''}`)
      const listener = { response, request }
      open.add(listener)
      response.on('close', () => open.delete(listener))
    },
  )
}
