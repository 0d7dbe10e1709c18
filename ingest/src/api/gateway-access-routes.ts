import { GatewayId, gatewayFile, SiteId } from '@hours/protocol'
import { z } from 'zod'
import { configOf } from '../setup/gateway-config.ts'
import type { ApiContext } from './context.ts'
import { ownSite } from './gateway-config-routes.ts'
import { badField, Problem } from './problem.ts'
import type { Api } from './server.ts'

const Path = z.strictObject({ gateway: GatewayId })
const Code = z.object({
  code: z.string().describe('shown once; good for two days, once'),
  pin: z.string().describe('SHA-256 of the site’s authority: the device knows the site by it'),
})
const tags = ['gateways']
const enrol = { needs: 'enrol' } as const

/** What a gateway is given before it comes in, and how it is shut out: by whoever has it to himself. */
export function gatewayAccessRoutes(app: Api, context: ApiContext): void {
  const { door, ingest } = context

  app.get(
    '/api/v1/gateways/:gateway/file',
    {
      schema: {
        params: Path,
        querystring: z.strictObject({
          data: z.string().min(1).max(200).default('./gateway-data').describe('its folder on the device'),
          local: z.string().max(200).optional().describe('the plugs’ broker; default mqtt://127.0.0.1:1883'),
        }),
        tags,
      },
      config: enrol,
    },
    (request, reply) => {
      const { gateway } = request.params
      const site = ownSite(context, request, gateway)
      const instruments =
        configOf(ingest.registry, site, gateway)?.instruments ??
        ingest.live.gateway(site, gateway).status?.settings
      if (!instruments)
        throw new Problem(409, `nobody has told what ${gateway} measures`, {
          ...{ field: 'gateway', value: gateway },
          fix: 'send source and thresholds of its instruments: POST /api/v1/instruments/SITE/ID/settings',
        })
      const { data, local = 'mqtt://127.0.0.1:1883' } = request.query
      const file = gatewayFile({
        ...{ site, gateway, data, local, instruments, trust: ingest.trust() },
        brokerUrl: context.brokerUrl ?? 'mqtts://THIS-SITE:8883',
      })
      return reply
        .type('application/yaml')
        .header('content-disposition', `attachment; filename="${gateway}.yaml"`)
        .send(file)
    },
  )

  if (!door) return
  app.post(
    '/api/v1/enrol/codes',
    {
      schema: {
        body: z.strictObject({ site: SiteId, gateway: GatewayId }),
        response: { 201: Code },
        tags,
      },
      config: enrol,
    },
    (request, reply) => {
      const { site, gateway } = request.body
      request.about = `${site}/${gateway}`
      if (ownSite(context, request, gateway) !== site)
        throw badField('site', site, `the site that ${gateway} stands at; GET /api/v1/gateways lists it`)
      void reply.code(201)
      return { code: door.codes.issue(site, gateway), pin: door.ca.pin }
    },
  )

  app.post(
    '/api/v1/gateways/:gateway/revoke',
    { schema: { params: Path, tags }, config: enrol },
    (request, reply) => {
      const { gateway } = request.params
      ownSite(context, request, gateway)
      door.certificates.revoke(gateway)
      door.endSession(gateway, 'revoked')
      return reply.code(204).send()
    },
  )
}
