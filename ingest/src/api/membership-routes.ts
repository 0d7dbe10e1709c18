import { ChannelId, Membership as Record } from '@hours/protocol'
import { z } from 'zod'
import { judgeMembership, MembershipGiven } from '../setup/judge-membership.ts'
import type { ApiContext } from './context.ts'
import type { Registrar } from './registrar.ts'
import type { Api } from './server.ts'

const Row = Record.omit({ v: true, stream: true, seq: true, prev: true })
const tags = ['organisations']

/** Which network or booking page lists which instrument, or all of an organisation. */
export function membershipRoutes(
  app: Api,
  context: ApiContext,
  { registrar }: { registrar: Registrar },
): void {
  const { ingest } = context

  app.get(
    '/api/v1/memberships',
    {
      schema: {
        querystring: z.strictObject({ channel: ChannelId.optional() }),
        response: { 200: z.object({ items: z.array(Row), simulated: z.boolean() }) },
        tags,
      },
      config: { needs: 'read' },
    },
    ({ query: { channel } }) => ({
      items: ingest.registry
        .records('membership')
        .filter(({ record }) => channel === undefined || record.channel === channel)
        .map(({ record }) => Row.parse(record)),
      simulated: ingest.simulated,
    }),
  )

  app.post(
    '/api/v1/memberships',
    {
      schema: { body: MembershipGiven, response: { 200: Row, 201: Row }, tags },
      config: { needs: 'enrol' },
    },
    (request, reply) =>
      registrar.inTurn(request, async ({ reach, now, write }) => {
        const { channel, instrument, organisation } = request.body
        request.about = `${channel} ${instrument ?? organisation ?? ''}`
        const isNew = await write(judgeMembership(request.body, reach, now))
        void reply.code(isNew ? 201 : 200)
        const stands = ingest.registry
          .records('membership')
          .findLast(
            ({ record }) =>
              record.channel === channel &&
              record.instrument === instrument &&
              record.organisation === organisation,
          )
        return Row.parse(stands?.record)
      }),
  )
}
