import type { Millis } from '@hours/protocol'
import type { FastifyRequest } from 'fastify'
import { createReach, type Reach } from '../access/reach.ts'
import type { Judged } from '../setup/judged.ts'
import type { ApiContext } from './context.ts'
import { Problem } from './problem.ts'
import { demoActor } from './sender.ts'

/** By which what a site is told about itself comes into the log: one after the other, so that each finds the one before. */
export interface Registrar {
  /** Nobody else writes such records meanwhile. */
  inTurn<T>(request: FastifyRequest, task: (told: Telling) => Promise<T>): Promise<T>
}

/** One caller's turn. */
export interface Telling {
  readonly reach: Reach
  readonly now: Millis
  /** Writes what was judged to be good; throws a Problem that names every fault. Whether anything was written. */
  readonly write: (judged: Judged) => Promise<boolean>
}

export function createRegistrar(context: ApiContext): Registrar {
  const { ingest } = context
  let line: Promise<unknown> = Promise.resolve()

  async function write(judged: Judged): Promise<boolean> {
    if (!judged.ok) throw problemOf(judged)
    if (judged.items.length === 0) return false
    await ingest.recordAll(judged.items)
    context.seeAnew?.()
    return true
  }

  return {
    inTurn(request, task) {
      const done = line.then(() =>
        task({ reach: reachOf(context, request), now: ingest.clock.wall(), write }),
      )
      line = done.catch(() => undefined)
      return done
    },
  }
}

/** In the demo everybody may everything. */
export const reachOf = ({ ingest, reachOf: scoped }: ApiContext, request: FastifyRequest): Reach =>
  scoped?.(request) ??
  createReach({
    seen: ingest.registry,
    all: ingest.registry,
    actor: demoActor,
    operates: true,
    view: undefined,
  })

/** 422 (409 where something else stands already) with the first fault, and all of them where there are several. */
export function problemOf({ faults, conflict }: Extract<Judged, { ok: false }>): Problem {
  const [first] = faults
  return new Problem(conflict ? 409 : 422, `${first?.field ?? ''} is not valid`, {
    ...first,
    ...(faults.length > 1 ? { faults } : {}),
  })
}
