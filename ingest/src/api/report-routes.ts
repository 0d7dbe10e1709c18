import { AsyncLocalStorage } from 'node:async_hooks'
import { createReadStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { createReportJobs, type ReportJob, type ReportWork } from '../exports/report-jobs.ts'
import { makeSheet } from '../exports/sheet-source.ts'
import { checkFields, exportFormats, writeExport } from '../exports/write-export.ts'
import { IngestError } from '../ingest-error.ts'
import type { ReportWish } from '../report/report-figures.ts'
import { AskedParameters } from './assessment-run.ts'
import type { ApiContext } from './context.ts'
import { exportEntries, exportFields } from './export-routes.ts'
import { badField, Problem } from './problem.ts'
import type { Api } from './server.ts'
import type { Standing } from './standing.ts'

/** Writes the evidence bundle of a scope and period as one file. */
export type WriteBundle = (wish: ReportWish, doing: Parameters<ReportWork>[0]) => ReturnType<ReportWork>

const Wish = z.strictObject({
  ...exportFields,
  parameters: AskedParameters.optional().describe(
    'pdf, xlsx: what the rule set asks for; given (also {}) = with its assessment',
  ),
  format: z.enum([...exportFormats, 'bundle']).default('pdf'),
})
const Job = z.object({
  id: z.string(),
  scope: z.string(),
  period: z.string(),
  format: z.string(),
  state: z.enum(['queued', 'running', 'done', 'failed', 'cancelled']),
  progress: z.object({ done: z.int(), of: z.int() }).describe('instruments'),
  created: z.int(),
  expires: z.int().describe('when it is forgotten, with its file'),
  file: z.string().nullable().describe('where the file is, once it is done'),
  name: z.string().nullable(),
  size: z.int().nullable(),
  problem: z.looseObject({ title: z.string() }).nullable().describe('why it failed'),
})
const Path = z.strictObject({ id: z.string().max(40) })

/** Long exports as jobs: asked for, looked after, fetched; each seen only by who asked for it. */
export function reportRoutes(
  app: Api,
  context: ApiContext,
  { standing }: { standing: () => Standing },
): void {
  const { ingest, mayReadEntries, writeBundle, log } = context
  const jobs = createReportJobs({ dir: join(context.logDir, '..', 'export-jobs'), clock: ingest.clock })
  app.addHook('onClose', () => jobs.close())
  const ownerOf = ({ principal }: FastifyRequest) => principal?.id ?? 'demo'
  const found = (request: FastifyRequest, id: string): ReportJob => {
    const job = jobs.get(id, ownerOf(request))
    if (job) return job
    throw new Problem(404, 'report not found', {
      value: id,
      fix: 'it has expired, or was never yours; POST /api/v1/reports',
    })
  }

  app.post(
    '/api/v1/reports',
    {
      schema: { body: Wish, response: { 202: Job }, tags: ['exports'] },
      config: { needs: 'read' },
    },
    (request, reply) => {
      const { scope, period, format, ruleset, parameters, ...fields } = request.body
      const { entries } = exportEntries(context, standing(), { scope, period, ruleset })
      checkFields(format, { ...fields, ruleset, parameters })
      if (format === 'bundle' && !writeBundle)
        throw badField('format', format, 'bundles are not made here; ask for pdf, xlsx, csv or json')
      // A bundle has whole pages, which name every instrument of their gateways.
      if (format === 'bundle' && mayReadEntries?.(request) === false)
        throw new Problem(403, 'bundles are for who may read the entries of the log', { field: 'format' })
      const work: ReportWork = async (doing) => {
        if (format === 'bundle' && writeBundle) return writeBundle({ scope, period, ruleset }, doing)
        const { signal, progress: onProgress, path } = doing
        const wish = { scope, period, ruleset, parameters, entries, signal, onProgress }
        const sheet = await makeSheet(context, wish)
        const kind = format as Exclude<typeof format, 'bundle'>
        const file = await writeExport(sheet, kind, fields)
        await writeFile(path, file.bytes, { mode: 0o600 })
        return file
      }
      // The job runs behind those of others, but with the rights of who asked.
      const asked = AsyncLocalStorage.snapshot()
      const job = jobs.start({ owner: ownerOf(request), scope, period, format }, (doing) =>
        asked(() => work(doing)).catch((err: unknown) => {
          if (!doing.signal.aborted && !isOfTheWish(err))
            log.error({ err, scope, period, format }, 'report failed')
          throw err
        }),
      )
      if (!job)
        throw new Problem(429, 'too many reports wait', {
          fix: 'wait for one to end, or DELETE one, then ask again',
        })
      void reply.code(202).header('location', `/api/v1/reports/${job.id}`)
      return answerOf(job)
    },
  )

  app.get(
    '/api/v1/reports',
    {
      schema: { response: { 200: z.object({ items: z.array(Job) }) }, tags: ['exports'] },
      config: { needs: 'read' },
    },
    (request) => ({ items: jobs.list(ownerOf(request)).map(answerOf) }),
  )

  app.get(
    '/api/v1/reports/:id',
    {
      schema: { params: Path, response: { 200: Job }, tags: ['exports'] },
      config: { needs: 'read' },
    },
    (request) => answerOf(found(request, request.params.id)),
  )

  app.get(
    '/api/v1/reports/:id/file',
    {
      schema: { params: Path, response: { 200: z.any() }, tags: ['exports'] },
      config: { needs: 'read' },
    },
    (request, reply) => {
      const { file, state } = found(request, request.params.id)
      if (!file)
        throw new Problem(409, `the report is ${state}`, {
          fix: 'GET /api/v1/reports/{id} says how far it is',
        })
      return reply
        .type(file.type)
        .headers({
          'content-disposition': `attachment; filename="${file.name}"`,
          'content-length': file.size,
        })
        .send(createReadStream(file.path))
    },
  )

  app.delete(
    '/api/v1/reports/:id',
    {
      schema: { params: Path, response: { 204: z.null() }, tags: ['exports'] },
      config: { needs: 'read' },
    },
    (request, reply) => {
      found(request, request.params.id)
      jobs.cancel(request.params.id, ownerOf(request))
      void reply.code(204)
      return null
    },
  )
}

function answerOf({
  id,
  scope,
  period,
  format,
  state,
  created,
  expires,
  ...job
}: ReportJob): z.infer<typeof Job> {
  const { file, failure } = job
  return {
    ...{ id, scope, period, format, state, created, expires },
    progress: { done: job.done, of: job.of },
    file: file ? `/api/v1/reports/${id}/file` : null,
    ...{ name: file?.name ?? null, size: file?.size ?? null },
    problem: state === 'failed' ? problemOf(failure) : null,
  }
}

/** Faults of what was asked for, which whoever asked can mend. */
const isOfTheWish = (failure: unknown): failure is Problem | IngestError =>
  failure instanceof Problem ||
  (failure instanceof IngestError && (failure.code === 'bad_option' || failure.code === 'oversize'))

/** What was wrong with the wish is told; what was wrong with the server is in its log. */
function problemOf(failure: unknown) {
  if (!isOfTheWish(failure)) return { title: 'the server failed', status: 500 }
  return failure instanceof Problem
    ? { title: failure.message, status: failure.status, ...failure.detail }
    : { title: failure.message, status: 422 }
}
