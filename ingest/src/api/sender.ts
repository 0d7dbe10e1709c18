import type { FastifyRequest } from 'fastify'
import type { Sender } from '../sessions/intake.ts'
import type { ApiContext } from './context.ts'

/** Who acts where nobody signs in: the demo on loopback. */
export const demoActor = 'demo.manager'

/** Who hands records in by this request, with the instruments that this one may know of. */
export const senderOf = ({ ingest }: ApiContext, { principal }: FastifyRequest): Sender => ({
  actor: principal?.actor ?? demoActor,
  registry: ingest.registry,
})
