import { GatewayId, Instant, InstrumentSettings, type SiteId } from '@hours/protocol'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { configOf, enrolledAt, judgeConfig } from '../setup/gateway-config.ts'
import type { ApiContext } from './context.ts'
import { notFound, Problem } from './problem.ts'
import { reachOf, type Registrar } from './registrar.ts'
import type { Api } from './server.ts'

const Path = z.strictObject({ gateway: GatewayId })
const Settings = z.array(InstrumentSettings)
const Answer = z.object({
  site: z.string(),
  gateway: z.string(),
  revision: z.int().describe('0 = only its own file says what it measures'),
  instruments: Settings.nullable().describe('of the newest revision; null = its own file alone'),
  from: Instant.nullable().describe('Unix ms from which the newest revision counts'),
  proposed: Settings.nullable().describe('its own file, as it told while no record is in force'),
  unmeasured: z.array(z.string()).describe('enrolled here, but in no configuration'),
  simulated: z.boolean(),
})
const Change = z.strictObject({
  revision: z.int().min(0).describe('the revision this change was made from'),
  instruments: Settings.min(1).max(256).optional().describe('absent = as its own file says'),
  from: Instant.optional().describe('Unix ms from which it counts: now (the default) or later'),
})
const tags = ['gateways']
const url = '/api/v1/gateways/:gateway/config'

/** What a gateway measures and how, all of it; the first record of it comes out of what the gateway itself proposes. */
export function gatewayConfigRoutes(
  app: Api,
  context: ApiContext,
  { registrar }: { registrar: Registrar },
): void {
  const { ingest } = context

  function answerOf(request: FastifyRequest, gateway: GatewayId): z.infer<typeof Answer> {
    const site = ownSite(context, request, gateway)
    const config = configOf(ingest.registry, site, gateway)
    const own = ingest.live.gateway(site, gateway).status?.settings
    const measured = config?.instruments ?? own ?? []
    const enrolled = enrolledAt(ingest.registry, gateway, ingest.clock.wall())
    return {
      ...{ site, gateway, revision: config?.revision ?? 0 },
      instruments: config?.instruments ?? null,
      from: config?.from ?? null,
      proposed: own ?? null,
      unmeasured: enrolled
        .map(({ enrolment }) => enrolment.instrument)
        .filter((id) => measured.every((one) => one.id !== id)),
      simulated: ingest.simulated,
    }
  }

  app.get(
    url,
    { schema: { params: Path, response: { 200: Answer }, tags }, config: { needs: 'read' } },
    (request) => answerOf(request, request.params.gateway),
  )

  app.post(
    url,
    { schema: { params: Path, body: Change, response: { 200: Answer }, tags }, config: { needs: 'enrol' } },
    (request) =>
      registrar.inTurn(request, async ({ reach, now, write }) => {
        const { gateway } = request.params
        const { proposed, site } = answerOf(request, gateway)
        const { revision, from, instruments = proposed } = request.body
        if (!instruments)
          throw new Problem(409, `${gateway} has not told what its own file says`, {
            ...{ field: 'instruments', value: '' },
            fix: 'start the gateway, or send its instruments with their sources',
          })
        await write(
          judgeConfig({ site: site as SiteId, gateway }, { revision, from, instruments }, reach, now),
        )
        return answerOf(request, gateway)
      }),
  )
}

/** The site of a gateway that is wholly the caller's: a configuration names all of its instruments. */
export function ownSite(context: ApiContext, request: FastifyRequest, gateway: GatewayId): SiteId {
  const known = context.ingest.registry.gateways().find((one) => one.gateway === gateway)
  if (!known) throw notFound('gateway', gateway)
  if (!reachOf(context, request).ownsGateway(gateway))
    throw new Problem(403, 'others have instruments at this gateway', {
      ...{ field: 'gateway', value: gateway },
      fix: 'ask the operator of the installation',
    })
  return known.site
}
