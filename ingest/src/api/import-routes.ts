import { ChannelId, SiteId } from '@hours/protocol'
import { z } from 'zod'
import { draftKinds } from '../sessions/drafted.ts'
import { fileText } from '../sessions/file-text.ts'
import { formatOf, formats, readFile } from '../sessions/read-file.ts'
import { createBudget, nameOf, whenAnswered } from './body-budget.ts'
import type { ApiContext } from './context.ts'
import { fileOf, takeFiles } from './file-body.ts'
import { Problem } from './problem.ts'
import { answerOf, TakenAnswer } from './record-answer.ts'
import { senderOf } from './sender.ts'
import type { Api } from './server.ts'

/** A year of sessions of a large network is a few MB; what is longer comes as several files. */
export const maxImportBytes = 32 * 1024 * 1024
/** Files that may be in memory at once, in all and of one account. */
const maxUnderway = 4
const maxUnderwayOfOne = 2

const yes = z.enum(['0', '1', 'true', 'false']).default('0')
const Query = z.strictObject({
  dryRun: yes.describe('1 = judge every row and write nothing'),
  format: z.enum(formats).optional().describe('absent = by content type, else by how the file begins'),
  kind: z
    .enum(draftKinds as [string, ...string[]])
    .optional()
    .describe('what a row is; default session, of ical booking'),
  charset: z.string().max(40).optional().describe('utf-8 (default) or gb18030'),
  site: SiteId.optional().describe('where an instrument without a site is looked for'),
  instrument: z.string().max(90).optional().describe('for rows that name none'),
  channel: ChannelId.optional().describe('the channel of external ids'),
  beneficiary: z.string().max(300).optional().describe('for rows that name none'),
  purpose: z.enum(['research', 'teaching', 'service']).optional().describe('for rows that name none'),
  cluster: z.string().max(40).optional().describe('name of the Slurm cluster, where sacct does not print it'),
  rows: z
    .enum(['all', 'problems'])
    .default('all')
    .describe('problems = only what is refused, changed or marked'),
})

const Answer = TakenAnswer.extend({
  dryRun: z.boolean(),
  format: z.enum(formats),
  /** Columns that mean nothing to us. */
  ignored: z.array(z.string()).readonly(),
  simulated: z.boolean(),
})

const statusOf: Readonly<Record<string, number>> = { zip: 415, binary: 415, bad_format: 415, not_text: 415 }

/** `POST /api/v1/imports`: the body is the file; the answer is the fate of every row. Sending it again is safe. */
export function importRoutes(app: Api, context: ApiContext): void {
  const { ingest } = context
  const places = createBudget({ all: maxUnderway, each: maxUnderwayOfOne })
  app.register((scope, _options, done) => {
    // Before the body is read, as it is the body that takes the memory.
    scope.addHook('onRequest', (request, reply, done) => {
      const leave = places(nameOf(request), 1)
      if (leave) whenAnswered(reply, leave)
      const busy = new Problem(503, 'other files are being read', { fix: 'send it again in a minute' })
      done(leave ? undefined : busy)
    })
    takeFiles(scope)
    scope.setErrorHandler((error: Error & { code?: string }) => {
      if (error.code !== 'FST_ERR_CTP_BODY_TOO_LARGE') throw error
      throw new Problem(413, 'the file is too large', {
        value: `more than ${maxImportBytes / 1024 / 1024} MiB`,
        fix: 'send it in several parts, each with the line of headings; what was taken before is known again',
      })
    })
    ;(scope as unknown as Api).post(
      '/api/v1/imports',
      {
        bodyLimit: maxImportBytes,
        schema: {
          summary: 'a file as it is, and the fate of each of its rows; sending it again is safe',
          consumes: ['text/csv', 'text/calendar', 'application/json', 'application/octet-stream'],
          querystring: Query,
          response: { 200: Answer },
          tags: ['imports'],
        },
        config: { needs: 'write' },
      },
      (request) => takeFile(request),
    )
    done()
  })

  async function takeFile(request: Parameters<typeof senderOf>[1]): Promise<z.infer<typeof Answer>> {
    const { dryRun, format, kind, charset, cluster, rows, ...defaults } = request.query as z.infer<
      typeof Query
    >
    const type = request.headers['content-type']
    const named = /charset=["']?([\w-]+)/i.exec(type ?? '')?.[1]
    const text = known(fileText(fileOf(request), charset ?? named))
    const as = format ?? known(formatOf(text, type))
    const file = known(
      readFile(text, as, {
        now: ingest.clock.wall(),
        ...(kind === undefined ? {} : { kind: kind as (typeof draftKinds)[number] }),
        ...(cluster === undefined ? {} : { cluster }),
      }),
    )
    const dry = dryRun === '1' || dryRun === 'true'
    const taken = await ingest.intake.take(file.rows, senderOf(context, request), {
      ...Object.fromEntries(Object.entries(defaults).filter(([, value]) => value !== undefined)),
      dryRun: dry,
    })
    const answer = answerOf(taken)
    const told = ({ fate, warnings }: (typeof answer.rows)[number]) =>
      fate === 'refused' || fate === 'correction' || warnings !== undefined
    return {
      ...answer,
      rows: rows === 'problems' ? answer.rows.filter(told) : answer.rows,
      dryRun: dry,
      format: as,
      ignored: file.ignored,
      simulated: ingest.simulated,
    }
  }
}

function known<T>(
  decoded: { ok: true; value: T } | { ok: false; error: { code: string; message: string } },
): T {
  if (decoded.ok) return decoded.value
  const { code, message } = decoded.error
  throw new Problem(statusOf[code] ?? 422, 'the file cannot be read', { code, detail: message })
}
