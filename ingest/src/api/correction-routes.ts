import { Digest } from '@hours/protocol'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { correctionsOf, type OpenCorrection } from '../sessions/corrections.ts'
import { type DraftKind, draftKinds } from '../sessions/drafted.ts'
import type { ApiContext } from './context.ts'
import { notFound, Problem } from './problem.ts'
import { demoActor, senderOf } from './sender.ts'
import type { Api } from './server.ts'
import { recordPaths } from './session-routes.ts'

const Reason = z.string().trim().min(3).max(500).describe('why; it is kept in the log')
const Proposed = z.object({
  hash: z.string(),
  of: z.string(),
  waits: z.boolean().describe('until another person approves it'),
})
const Row = z.object({
  hash: z.string(),
  of: z.string(),
  kind: z.string(),
  id: z.string(),
  instrument: z.string(),
  reason: z.string(),
  void: z.boolean(),
  before: z.looseObject({}),
  after: z.looseObject({}).nullable(),
  actor: z.string(),
  approvals: z.array(z.object({ by: z.string(), role: z.string() })),
  stands: z.boolean(),
})
const hashParam = z.strictObject({ hash: Digest })

/** Nothing in the log is ever changed: a correction is a record of its own, and counts when a second person agrees. */
export function correctionRoutes(app: Api, context: ApiContext): void {
  const { ingest } = context

  app.get(
    '/api/v1/corrections',
    {
      schema: {
        querystring: z.strictObject({
          state: z.enum(['waiting', 'approved', 'all']).default('waiting'),
          limit: z.coerce.number().int().min(1).max(500).default(100),
        }),
        response: { 200: z.object({ items: z.array(Row), total: z.int(), simulated: z.boolean() }) },
        tags: ['corrections'],
      },
      config: { needs: 'read' },
    },
    ({ query: { state, limit } }) => {
      const found = correctionsOf(ingest.registry).filter(
        ({ stands }) => state === 'all' || stands === (state === 'approved'),
      )
      return {
        items: found.slice(0, limit).map(rowOf),
        total: found.length,
        simulated: ingest.simulated,
      }
    },
  )

  app.post(
    '/api/v1/corrections',
    {
      schema: {
        body: z.strictObject({
          of: Digest.describe('`hash` of the record'),
          reason: Reason,
          void: z.literal(true).optional(),
          changes: z.looseObject({}).optional().describe('the fields that become others'),
        }),
        response: { 202: Proposed },
        tags: ['corrections'],
      },
      config: { needs: 'write' },
    },
    async (request, reply) => {
      const { of, reason, changes, void: takenBack } = request.body
      if ((takenBack === true) === (changes !== undefined))
        throw new Problem(400, 'one of "void" and "changes" is wanted', { field: 'changes', fix: 'name one' })
      const target = targetOf(context, of)
      const change =
        takenBack === true ? { void: true } : { replacement: replaced(request, target, changes ?? {}) }
      return propose(request, reply, { ...target, of, reason, change })
    },
  )

  for (const kind of draftKinds)
    app.post(
      `/api/v1/${recordPaths[kind]}/:id/void`,
      {
        schema: {
          params: z.strictObject({ id: z.string().max(120) }),
          querystring: z.strictObject({ site: z.string().max(40).optional() }),
          body: z.strictObject({ reason: Reason }),
          response: { 202: Proposed },
          tags: ['corrections'],
        },
        config: { needs: 'write' },
      },
      async (request, reply) => {
        const { id } = request.params
        const { site } = request.query
        const found = ingest.registry
          .records(kind)
          .filter(({ record }) => record.id === id && (site === undefined || record.stream === site))
        const [one] = found
        if (!one) throw notFound(kind, id)
        if (new Set(found.map(({ record }) => record.stream)).size > 1)
          throw new Problem(409, `several sites have a ${kind} of this id`, { value: id, fix: 'add ?site=' })
        const { stream } = one.record
        const change = { void: true }
        return propose(request, reply, { kind, stream, of: one.hash, reason: request.body.reason, change })
      },
    )

  app.post(
    '/api/v1/corrections/:hash/approve',
    {
      schema: {
        params: hashParam,
        body: z.strictObject({
          role: z.string().trim().min(1).max(120).default('approver'),
          by: z
            .string()
            .trim()
            .min(1)
            .max(120)
            .optional()
            .describe('in the demo only, where nobody signs in'),
        }),
        response: { 200: Row, 201: Row },
        tags: ['corrections'],
      },
      config: { needs: 'write' },
    },
    async (request, reply) => {
      const { hash } = request.params
      const open = correctionOf(context, hash)
      const by = request.principal?.actor ?? request.body.by ?? demoActor
      const { actor } = open.correction
      if (by === actor || request.principal?.id === actor)
        throw new Problem(409, 'nobody approves a correction of their own', {
          field: 'by',
          value: by,
          fix: 'ask a second person; records.md has it that two pairs of eyes decide',
        })
      checkOther(context, request, actor)
      if (open.approvals.some((one) => one.by === by)) return rowOf(open)
      const { stream } = open.correction
      await ingest.record('approval', stream, { of: hash, by, role: request.body.role })
      void reply.code(201)
      return rowOf(correctionOf(context, hash))
    },
  )

  async function propose(
    request: Parameters<typeof senderOf>[1],
    reply: { code(status: number): unknown },
    { kind, stream, of, reason, change }: Target & { of: string; reason: string; change: object },
  ): Promise<z.infer<typeof Proposed>> {
    const waiting = correctionsOf(ingest.registry).find(
      (one) => !one.stands && one.correction.of === of && same(one.correction, change),
    )
    reply.code(202)
    if (waiting) return { hash: waiting.hash, of, waits: true }
    if (!ingest.registry.records(kind).some((one) => one.hash === of))
      throw new Problem(409, `this ${kind} was taken back already`, { value: of, fix: 'hand in a new one' })
    const { actor } = senderOf(context, request)
    const { hash } = await ingest.record('correction', stream, { of, reason, ...change, actor })
    return { hash, of, waits: true }
  }

  function replaced(
    request: Parameters<typeof senderOf>[1],
    { kind, stream, body }: Target & { body: object },
    changes: Readonly<Record<string, unknown>>,
  ): object {
    const before = body as Readonly<Record<string, unknown>>
    const merged: Record<string, unknown> = {
      ...before,
      instrument: `${stream}/${String(before['instrument'])}`,
      ...changes,
    }
    // `null` takes a field away.
    const input = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null))
    const drafted = ingest.intake.draft(kind, { ...input, id: before['id'] }, senderOf(context, request))
    if (!drafted.ok) {
      const [first] = drafted.faults
      throw new Problem(422, `${first?.field ?? 'the record'} is not valid`, {
        ...first,
        faults: drafted.faults,
      })
    }
    if (drafted.item.stream !== stream)
      throw new Problem(422, 'a correction stays at its site', {
        field: 'instrument',
        value: changes['instrument'],
        fix: 'void the record, and hand in another at the other site',
      })
    drafted.keep()
    return drafted.item.body
  }
}

/** Whoever makes an account, or a link for it, can come in by it: that is one person for a while, not two. */
function checkOther({ door }: ApiContext, { principal }: FastifyRequest, actor: string): void {
  const proposer = door?.accounts.byActor(actor)
  if (!door || !principal || !proposer || !door.accounts.areClose(principal.id, proposer.id)) return
  throw new Problem(
    409,
    'this correction needs somebody who was not let in by the same person within 30 days',
    {
      field: 'by',
      value: principal.id,
      fix: 'ask somebody else of your organisation, or the operator',
    },
  )
}

interface Target {
  readonly kind: DraftKind
  readonly stream: string
}

function targetOf({ ingest }: ApiContext, hash: string): Target & { body: object } {
  const kind = draftKinds.find((one) => one === ingest.registry.find(hash)?.kind)
  const listed = kind && ingest.registry.records(kind).find((one) => one.hash === hash)
  if (!listed) throw notFound('record', hash)
  const { v: _v, stream, seq: _seq, prev: _prev, ...body } = listed.record
  return { kind, stream, body }
}

function correctionOf({ ingest }: ApiContext, hash: string): OpenCorrection {
  const found = correctionsOf(ingest.registry).find((one) => one.hash === hash)
  if (!found) throw notFound('correction', hash)
  return found
}

const same = (one: { void?: boolean | undefined; replacement?: unknown }, change: object) =>
  'void' in change
    ? one.void === true
    : JSON.stringify(one.replacement) === JSON.stringify((change as { replacement: unknown }).replacement)

function rowOf({ hash, correction, kind, target, approvals, stands }: OpenCorrection): z.infer<typeof Row> {
  const { v: _v, seq: _seq, prev: _prev, stream, ...before } = target
  return {
    hash,
    of: correction.of,
    kind,
    id: target.id,
    instrument: `${stream}/${target.instrument}`,
    reason: correction.reason,
    void: correction.void === true,
    before,
    after: (correction.replacement as Record<string, unknown> | undefined) ?? null,
    actor: correction.actor,
    approvals: approvals.map(({ by, role }) => ({ by, role })),
    stands,
  }
}
