import type { FastifyReply } from 'fastify'

/** An answer that is no answer, as RFC 9457 problem details; `field`, `value` and `fix` say what to do about it. */
export class Problem extends Error {
  readonly status: number
  readonly detail: Readonly<Record<string, unknown>>
  constructor(status: number, title: string, detail: Readonly<Record<string, unknown>> = {}) {
    super(title)
    this.name = 'Problem'
    this.status = status
    this.detail = detail
  }
}

export const notFound = (what: string, value: string): Problem =>
  new Problem(404, `${what} not found`, {
    value: value.slice(0, 200),
    fix: `GET /api/v1/instruments lists what there is`,
  })

export const badField = (field: string, value: unknown, fix: string): Problem =>
  new Problem(400, `${field} is not valid`, { field, value: String(value).slice(0, 200), fix })

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply
    .code(problem.status)
    .type('application/problem+json')
    .send({ type: 'about:blank', title: problem.message, status: problem.status, ...problem.detail })
}
