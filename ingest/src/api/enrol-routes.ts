import { GivenIdentity, type SiteId } from '@hours/protocol'
import { z } from 'zod'
import type { Door } from '../access/door.ts'
import { renewingGateway } from '../ca/renewal.ts'
import { IngestError } from '../ingest-error.ts'
import { configOf } from '../setup/gateway-config.ts'
import { publicBodyLimit } from './body-budget.ts'
import type { ApiContext } from './context.ts'
import { tooFast } from './guard.ts'
import { admitPageKey, checkPageKey } from './page-key-records.ts'
import { badField, notFound, Problem } from './problem.ts'
import type { Api } from './server.ts'

const Csr = z.string().max(8_192)
const PageKey = z.strictObject({ alg: z.enum(['Ed25519', 'ES256']), public: z.string().max(120) })
const Enrol = z.strictObject({ code: z.string().max(60), csr: Csr, pageKey: PageKey.optional() })
const Renew = z.strictObject({ certificate: z.string().max(8_192), csr: Csr, signature: z.string().max(200) })
const tags = ['gateways']
const open = { needs: 'public' } as const

/** Gateways come in by a one-time code and renew by their own key (wire.md, section 4). */
export function enrolRoutes(app: Api, context: ApiContext): void {
  const { door, ingest } = context
  if (!door) return

  app.get('/api/v1/ca', { schema: { tags }, config: open }, (_request, reply) =>
    reply.type('application/x-pem-file').send(door.ca.certificate),
  )

  app.post(
    '/api/v1/enrol',
    {
      bodyLimit: publicBodyLimit,
      schema: { body: Enrol, response: { 200: GivenIdentity }, tags },
      config: open,
    },
    async (request) => {
      guessing(door, request.ip)
      const { code, csr, pageKey } = request.body
      const whose = door.codes.peek(code)
      if (!whose) throw badCode()
      // What is wrong is told before the code is spent, so that it can be mended and tried again.
      checkSite(context, whose)
      if (pageKey) checkPageKey(ingest, whose.gateway, pageKey)
      const signed = await asked('csr', door.ca.signGateway(csr, whose.gateway))
      if (!door.codes.spend(code)) throw badCode()
      if (pageKey) await admitPageKey(ingest, whose.gateway, pageKey)
      door.certificates.enrolled(whose.gateway, signed.certificate)
      // It comes by its certificate from now on: a password of before may be known to others.
      ingest.setGatewayPassword(whose.gateway, null)
      door.endSession(whose.gateway, 'enrolled anew')
      door.audit.add({ actor: whose.gateway, action: 'gateway.enrol', target: request.ip, outcome: 'ok' })
      return {
        ...whose,
        ...signed,
        ...knownOf(context, whose),
        ca: door.ca.certificate,
        trust: ingest.trust(),
      }
    },
  )

  app.post(
    '/api/v1/enrol/renew',
    {
      bodyLimit: publicBodyLimit,
      schema: { body: Renew, response: { 200: GivenIdentity }, tags },
      config: open,
    },
    async (request) => {
      guessing(door, request.ip)
      const { certificates, ca } = door
      const { gateway, ...by } = await asked(
        'certificate',
        // As a promise, so that both kinds of failure are told alike.
        Promise.try(() =>
          renewingGateway(request.body, { ca: ca.certificate, certificates, clock: ingest.clock }),
        ),
        401,
      )
      const site = siteOf(context, gateway)
      const given = { site, gateway, ca: ca.certificate, trust: ingest.trust() }
      const before = certificates.given(by.csr)
      if (before) return { ...given, ...before }
      const signed = await asked('csr', ca.signGateway(request.body.csr, gateway))
      certificates.renewed(gateway, signed.certificate, by)
      door.audit.add({ actor: gateway, action: 'gateway.renew', target: request.ip, outcome: 'ok' })
      return { ...given, ...signed }
    },
  )
}

/** Where the broker is, and what the gateway is to measure: its file needs both. */
function knownOf({ ingest, brokerUrl }: ApiContext, { site, gateway }: { site: SiteId; gateway: string }) {
  const config = configOf(ingest.registry, site, gateway)
  return {
    ...(brokerUrl === undefined ? {} : { broker: brokerUrl }),
    ...(config ? { instruments: config.instruments } : {}),
  }
}

/** A gateway that the log knows belongs to the site it is enrolled at; one it does not know yet, to any. */
function checkSite({ ingest }: ApiContext, { site, gateway }: { site: string; gateway: string }): void {
  const known = ingest.registry.gateways().find((one) => one.gateway === gateway)
  if (known && known.site !== site)
    throw new Problem(409, 'this gateway belongs to another site', {
      field: 'site',
      value: site,
      fix: `a code for ${known.site}, or another gateway id`,
    })
}

function siteOf({ ingest }: ApiContext, gateway: string): string {
  const found = ingest.registry.gateways().find((one) => one.gateway === gateway)
  if (!found) throw notFound('gateway', gateway)
  return found.site
}

const badCode = () =>
  new Problem(401, 'the code is unknown, used or older than two days', { fix: 'hours enrol makes another' })

async function asked<T>(field: string, done: Promise<T>, status = 400): Promise<T> {
  try {
    return await done
  } catch (error) {
    if (!(error instanceof IngestError)) throw error
    throw status === 400 ? badField(field, '', error.message) : new Problem(status, error.message, { field })
  }
}

function guessing(door: Door, address: string): void {
  const problem = tooFast(door.guessPace(address))
  if (problem) throw problem
}
