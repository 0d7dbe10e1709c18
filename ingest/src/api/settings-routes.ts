import { InstrumentSettings, type RecordOf, Status, Thresholds } from '@hours/protocol'
import { z } from 'zod'
import type { InstrumentEntry } from '../ports.ts'
import { type ApiContext, instrumentOf } from './context.ts'
import { badField, Problem } from './problem.ts'
import type { Api } from './server.ts'

const Path = z.strictObject({ site: z.string().max(40), instrument: z.string().max(40) })
const Proposals = Status.shape.proposals.unwrap()
const Answer = z.object({
  key: z.string(),
  gateway: z.string(),
  /** Of the gateway's configuration; what a change names, so that no two overwrite each other. */
  revision: z.int(),
  /** In force; null while only the gateway's own file says. */
  settings: InstrumentSettings.nullable(),
  /** What the gateway would propose from the last days; null until it has seen a week. */
  proposal: Proposals.valueType.nullable(),
  simulated: z.boolean(),
})
const Change = z.strictObject({
  revision: z.int().min(0).describe('the revision this change was made from'),
  thresholds: Thresholds,
  dwellMs: InstrumentSettings.shape.dwellMs.unwrap().optional(),
  holdMs: InstrumentSettings.shape.holdMs,
})

/** How an instrument is sensed: what is in force, what the gateway proposes, and the record that changes it. */
export function settingsRoutes(app: Api, context: ApiContext): void {
  const { ingest } = context

  /** The newest configuration of the gateway, as a record of the log. */
  function configOf({ site, enrolment }: InstrumentEntry): RecordOf<'config'> | undefined {
    return ingest.registry
      .records('config', site)
      .map(({ record }) => record)
      .filter(({ gateway }) => gateway === enrolment.gateway)
      .toSorted((a, b) => a.revision - b.revision)
      .at(-1)
  }

  function answerOf(entry: InstrumentEntry): z.infer<typeof Answer> {
    const { gateway, instrument } = entry.enrolment
    const config = configOf(entry)
    const { status } = ingest.live.gateway(entry.site, gateway)
    return {
      key: entry.key,
      gateway,
      revision: config?.revision ?? 0,
      settings: config?.instruments.find(({ id }) => id === instrument) ?? null,
      proposal: status?.proposals?.[instrument] ?? null,
      simulated: ingest.simulated,
    }
  }

  const url = '/api/v1/instruments/:site/:instrument/settings'
  app.get(
    url,
    { schema: { params: Path, response: { 200: Answer }, tags: ['instruments'] }, config: { needs: 'read' } },
    ({ params }) => answerOf(instrumentOf(context, params.site, params.instrument)),
  )

  app.post(
    url,
    {
      schema: { params: Path, body: Change, response: { 200: Answer }, tags: ['instruments'] },
      config: { needs: 'operate' },
    },
    async ({ params, body }) => {
      const entry = instrumentOf(context, params.site, params.instrument)
      const { gateway, instrument } = entry.enrolment
      const config = configOf(entry)
      const known = config?.instruments.find(({ id }) => id === instrument)
      if (!config || !known)
        throw new Problem(409, `${gateway} is configured by its own file alone`, {
          field: 'instrument',
          value: entry.key,
          fix: 'change the thresholds in the YAML file of the gateway, or write its first config record',
        })
      if (config.revision !== body.revision)
        throw new Problem(409, 'the configuration has changed meanwhile', {
          field: 'revision',
          value: body.revision,
          fix: `look at revision ${config.revision} and send the change again`,
        })
      const { revision, ...change } = body
      const next = InstrumentSettings.safeParse({ ...known, ...change })
      if (!next.success) throw badField('thresholds', JSON.stringify(change), z.prettifyError(next.error))
      const instruments = config.instruments.map((one) => (one.id === instrument ? next.data : one))
      await ingest.record('config', entry.site, {
        gateway,
        revision: revision + 1,
        from: ingest.clock.wall(),
        instruments,
      })
      await ingest.settled()
      return answerOf(entry)
    },
  )
}
