import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ApiContext } from './context.ts'

/** The caller has this answer already: 304, without a body. */
export class NotModified extends Error {}

/**
 * Marks an answer that the log alone decides: the tag is the log position that the index stands at. `until` is the end
 * of the asked time; while that is not over, the minute is part of the tag, as time itself changes the answer.
 * Throws `NotModified` when the caller has this very answer, before anything is computed.
 */
export function tagged(
  { ingest }: ApiContext,
  { request, reply, until }: { request: FastifyRequest; reply: FastifyReply; until: number },
): void {
  const position = ingest.index.position()
  const now = ingest.clock.wall()
  const moving = until <= now ? '' : String(Math.floor(now / 60_000))
  const { principal, url, headers } = request
  // Who sees less has another answer to the same question.
  const asked = [url, headers.accept ?? '', principal?.organisations?.join(' ') ?? 'all'].join('\n')
  const question = createHash('sha256').update(asked).digest('base64url').slice(0, 12)
  const tag = `W/"${position ? `${position.year}.${position.index}` : 'empty'}.${moving}.${question}"`
  void reply.header('etag', tag)
  if (request.headers['if-none-match'] === tag) throw new NotModified()
}
