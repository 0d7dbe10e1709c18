import { Instant, InstrumentSettings, type RecordOf, Source, Status, Thresholds } from '@hours/protocol'
import { z } from 'zod'
import type { InstrumentEntry } from '../ports.ts'
import { configInForce, configOf, enrolledAt, judgeConfig, mergedSettings } from '../setup/gateway-config.ts'
import { type ApiContext, instrumentOf } from './context.ts'
import { badField, Problem } from './problem.ts'
import type { Registrar } from './registrar.ts'
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
  /** What the gateway's own file says, told while no record is in force. */
  own: InstrumentSettings.nullable(),
  /** What the newest revision will put in force, and from when (Unix ms); null while none waits for its date. */
  waiting: z.object({ from: Instant, settings: InstrumentSettings.nullable() }).nullable(),
  /** What the gateway would propose from the last days; null until it has seen a week. */
  proposal: Proposals.valueType.nullable(),
  simulated: z.boolean(),
})
const Change = z.strictObject({
  revision: z.int().min(0).describe('the revision this change was made from'),
  thresholds: Thresholds,
  source: Source.optional().describe('needed where neither a record nor the gateway has told it'),
  dwellMs: InstrumentSettings.shape.dwellMs.unwrap().optional(),
  holdMs: InstrumentSettings.shape.holdMs,
  maxGapMs: InstrumentSettings.shape.maxGapMs.unwrap().optional(),
  plausibleMw: InstrumentSettings.shape.plausibleMw.unwrap().optional(),
  from: Instant.optional().describe('Unix ms from which it counts: now (the default) or later'),
})

/** How an instrument is sensed: what is in force, what the gateway proposes, and the record that changes it. */
export function settingsRoutes(app: Api, context: ApiContext, { registrar }: { registrar: Registrar }): void {
  const { ingest } = context
  const own = ({ site, enrolment: { gateway } }: InstrumentEntry): readonly InstrumentSettings[] =>
    ingest.live.gateway(site, gateway).status?.settings ?? []

  function answerOf(entry: InstrumentEntry): z.infer<typeof Answer> {
    const { gateway, instrument } = entry.enrolment
    const newest = configOf(ingest.registry, entry.site, gateway)
    const inForce = configInForce(ingest.registry, entry.site, gateway, ingest.clock.wall())
    const { status } = ingest.live.gateway(entry.site, gateway)
    const ofThis = ({ id }: InstrumentSettings) => id === instrument
    const settingsIn = (config: RecordOf<'config'> | undefined) => config?.instruments.find(ofThis) ?? null
    return {
      key: entry.key,
      gateway,
      revision: newest?.revision ?? 0,
      settings: settingsIn(inForce),
      waiting:
        newest === inForce || newest?.from === undefined
          ? null
          : { from: newest.from, settings: settingsIn(newest) },
      own: own(entry).find(ofThis) ?? null,
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
      config: { needs: 'enrol' },
    },
    (request) =>
      registrar.inTurn(request, async ({ reach, now, write }) => {
        const { params, body } = request
        const { revision, from, ...change } = body
        const entry = instrumentOf(context, params.site, params.instrument)
        const { gateway, instrument } = entry.enrolment
        const config = configOf(ingest.registry, entry.site, gateway)
        // The first record of a gateway has all that it measures already, as far as it is enrolled.
        const here = enrolledAt(ingest.registry, gateway, now).map(({ enrolment }) => enrolment.instrument)
        const stands = config?.instruments ?? own(entry).filter(({ id }) => here.includes(id))
        const known = stands.find(({ id }) => id === instrument)
        if (!known && change.source === undefined) throw withoutSource(entry)
        const next = InstrumentSettings.safeParse({ id: instrument, ...known, ...change })
        if (!next.success) throw badField('thresholds', JSON.stringify(change), z.prettifyError(next.error))
        const instruments = mergedSettings(stands, [next.data])
        const wish = { revision, instruments, from, about: instrument }
        await write(judgeConfig({ site: entry.site, gateway }, wish, reach, now))
        return answerOf(entry)
      }),
  )
}

const withoutSource = ({ key, enrolment: { gateway } }: InstrumentEntry) =>
  new Problem(409, `nobody has told how ${key} is sensed`, {
    ...{ field: 'source', value: '' },
    fix: `send its source too, or start ${gateway}: it tells what its own file says`,
  })
