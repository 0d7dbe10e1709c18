import type { ServerResponse } from 'node:http'
import type { LiveEvent } from '@hours/protocol'
import type { ApiContext } from './context.ts'
import { Problem } from './problem.ts'
import type { Api } from './server.ts'

/** A browser that reads slower than this much (bytes) is let go; it reconnects by itself. */
const maxBuffered = 256 * 1024
const maxListeners = 500

/** `GET /api/v1/events`: server-sent events of live states; a comment each 15 s keeps proxies from closing it. */
export function eventRoutes(app: Api, { ingest }: ApiContext): void {
  const open = new Set<ServerResponse>()
  const tell = (text: string) => {
    for (const response of open) {
      if (response.writableLength > maxBuffered) response.destroy()
      else response.write(text)
    }
  }
  const stop = ingest.live.onChange((key, { state, since, at, mw }) => {
    if (open.size === 0) return
    const event: LiveEvent = { key, state, since, at, mw }
    tell(`event: state\ndata: ${JSON.stringify(event)}\n\n`)
  })
  const beat = setInterval(() => tell(': still here\n\n'), 15_000)
  beat.unref()
  app.addHook('preClose', () => {
    clearInterval(beat)
    stop()
    for (const response of open) response.end()
  })

  app.get(
    '/api/v1/events',
    { schema: { tags: ['instruments'] }, config: { needs: 'read' } },
    (request, reply) => {
      if (open.size >= maxListeners)
        throw new Problem(503, 'too many live listeners', { fix: 'try again in a minute' })
      reply.hijack()
      const response = reply.raw
      response.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      })
      response.write('retry: 3000\n\n')
      open.add(response)
      request.raw.on('close', () => open.delete(response))
    },
  )
}
