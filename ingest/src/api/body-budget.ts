import type { FastifyReply, FastifyRequest } from 'fastify'
import { networkOf } from '@hours/protocol'
import { Problem } from './problem.ts'
import type { Api } from './server.ts'

/** Bytes of bodies that may be on their way into memory, in all and of one account (or address). */
const maxBytes = 192 * 1024 * 1024
const maxBytesOfOne = 64 * 1024 * 1024

/** Bodies that nobody has to sign in for: a password, a code, a certificate request. */
export const publicBodyLimit = 24 * 1024

/**
 * A body is counted before it is read, by what its sender says it is long (or the most that the route takes), and until
 * its answer has gone out: who sends slowly holds memory as long as that. To be called when it is known who asks.
 */
export function budgetBodies(app: Api): void {
  const counted = createBudget({ all: maxBytes, each: maxBytesOfOne })
  app.addHook('onRequest', (request, reply, done) => {
    const bytes = bodyBytes(request)
    if (bytes > 0) {
      const leave = counted(nameOf(request), bytes)
      if (!leave) {
        done(
          new Problem(503, 'too much is being sent at once', {
            value: bytes,
            fix: 'send it again in a minute',
          }),
        )
        return
      }
      whenAnswered(reply, leave)
    }
    done()
  })
}

/** Lets names take amounts until `all` or, of one of them, `each` is taken; what it returns gives the amount back. */
export function createBudget(limits: {
  readonly all: number
  readonly each: number
}): (name: string, amount: number) => (() => void) | undefined {
  const taken = new Map<string, number>()
  let all = 0
  return (name, amount) => {
    const own = taken.get(name) ?? 0
    if (all + amount > limits.all || own + amount > limits.each) return undefined
    all += amount
    taken.set(name, own + amount)
    let left = false
    return () => {
      if (left) return
      left = true
      all -= amount
      const now = (taken.get(name) ?? amount) - amount
      if (now === 0) taken.delete(name)
      else taken.set(name, now)
    }
  }
}

/** Runs `leave` when the answer has gone out or its connection has ended. */
export const whenAnswered = (reply: FastifyReply, leave: () => void): void =>
  void reply.raw.once('finish', leave).once('close', leave)

export const nameOf = ({ principal, ip }: FastifyRequest): string =>
  principal ? `a ${principal.id}` : `ip ${networkOf(ip)}`

/** What may come, at most; 0 where nothing does. */
function bodyBytes({ headers, routeOptions }: FastifyRequest): number {
  const limit = routeOptions.bodyLimit
  if (headers['transfer-encoding'] !== undefined) return limit
  const said = Number(headers['content-length'] ?? 0)
  return Number.isFinite(said) ? Math.min(said, limit) : limit
}
