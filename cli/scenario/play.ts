import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { Fleet } from '@hours/firmware-sim'
import { HOUR, type ManualClock, MINUTE } from '@hours/protocol'
import { historyPageMs, type World } from '../demo/world.ts'
import type { WorkerAnswer, WorkerOrder, WorkerTask } from './gateway-worker.ts'
import { createPageGate, type PageGate, type Pages } from './page-gate.ts'

export interface PlayOptions {
  readonly world: World
  readonly clock: ManualClock
  readonly fleet: Fleet
  readonly from: number
  readonly to: number
  readonly sampleMs: number
  readonly silence: number
  readonly signal: AbortSignal
  /** Called after each step; may append records of people. */
  readonly onStep: (at: number) => Promise<void> | void
}

/** Pages are sealed 3.5 minutes after their end, so they are in the log well before they count as late. */
const afterPageEnd = 17 * MINUTE
/** How many threads simulate gateways; the third one of the machine's is ours. */
const threads = 2
/**
 * So many steps the gateways are ahead: with one, each thread would wait for the slowest at every step. Fewer than the
 * pages that a gateway sends without a PUBACK (`window` of its publisher).
 */
const stepsAhead = 6

interface Step {
  readonly at: number
  readonly sealed: Promise<Pages>
}

/**
 * Plays [from, to) with the gateways in threads of their own: they measure, sign and send over MQTT, some steps ahead of
 * this thread, which verifies, logs and answers. The clock here is at the end of a step when its pages are let in, so
 * none comes from the future and none is late. Returns how far it came before `signal` stopped it.
 */
export async function playYear(options: PlayOptions): Promise<number> {
  const { world, clock, from, to, signal, onStep } = options
  const gate = createPageGate(world.ingest.commit)
  world.tap(gate.commit)
  const crews = startCrews(options)
  // What is still open at the end is sealed and sent before the gateways stop.
  const endAfter = (at: number) => (at < to ? stepEnd(at, to) : to + afterPageEnd)
  const steps: Step[] = []
  const order = (at: number) => {
    const sealed = everyCrew(crews, { to: at })
    sealed.catch(() => undefined)
    steps.push({ at, sealed })
  }
  let at = from
  let ordered = from
  try {
    while (at < to && !signal.aborted) {
      while (ordered < to && steps.length < stepsAhead) order((ordered = endAfter(ordered)))
      const step = steps.shift()
      if (!step) break
      at = step.at
      await takeStep(options, gate, { sealed: await step.sealed, at })
      await onStep(at)
    }
    // What has been played beyond the end is no part of the result, but no page of it may be lost on the way.
    order(endAfter(ordered))
    for (const step of steps) await takeStep(options, gate, { sealed: await step.sealed, at: step.at })
    await drained(crews, clock)
  } finally {
    gate.close()
    await Promise.all(crews.map(stop))
    world.tap(world.ingest.commit)
  }
  await world.ingest.settled()
  return at
}

/** Steps end two minutes after a page does. */
const stepEnd = (at: number, to: number) =>
  Math.min(to, (Math.floor((at - 2 * MINUTE) / historyPageMs) + 1) * historyPageMs + 2 * MINUTE)

/** Lets the step's pages into the log, with a `time` record that says when they came. */
async function takeStep(
  { world, clock }: PlayOptions,
  gate: PageGate,
  { sealed, at }: { sealed: Pages; at: number },
): Promise<void> {
  await gate.gathered(sealed)
  clock.advanceTo(Math.max(clock.wall() + MINUTE, at))
  await gate.let(sealed)
  // Later it would say that they were late.
  await world.ingest.log.tick()
}

function startCrews({ world, fleet, from, sampleMs, silence }: PlayOptions): Crew[] {
  const configs = world.configs(historyPageMs)
  return Array.from({ length: threads }, (_, thread) => {
    const own = configs.filter((_config, i) => i % threads === thread)
    const gateways = new Set(own.map(({ gateway }) => gateway))
    const instruments = fleet.instruments.filter(({ gateway }) => gateways.has(gateway))
    const workerData: WorkerTask = { configs: own, instruments, from, sampleMs, silence }
    const worker = new Worker(new URL('./gateway-worker.ts', import.meta.url), {
      workerData,
      // Most of what a page is made of is garbage at once.
      resourceLimits: { maxYoungGenerationSizeMb: 96 },
    })
    const waiting: Crew['waiting'] = []
    const tell = (answer: WorkerAnswer) => waiting.shift()?.(answer)
    worker.on('message', tell)
    worker.on('error', (error) => {
      while (waiting.length > 0) tell({ failed: error instanceof Error ? error.message : String(error) })
    })
    return { worker, waiting }
  })
}

/** A thread of gateways; it answers orders in the order they were given. */
interface Crew {
  readonly worker: Worker
  readonly waiting: ((answer: WorkerAnswer) => void)[]
}

/** Gives the order to all and waits for all; what pages they have sealed. */
async function everyCrew(crews: readonly Crew[], order: WorkerOrder): Promise<Pages> {
  const answers = crews.map(async ({ worker, waiting }) => {
    const { promise, resolve } = Promise.withResolvers<WorkerAnswer>()
    waiting.push(resolve)
    worker.postMessage(order)
    const answer = await promise
    if ('failed' in answer) throw new Error(answer.failed)
    return answer.sealed
  })
  return Object.assign({}, ...(await Promise.all(answers))) as Pages
}

/** Until every page has its receipt; they are timed by our clock, so it goes on meanwhile. */
async function drained(crews: readonly Crew[], clock: ManualClock): Promise<void> {
  let open = true
  const done = everyCrew(crews, { to: 0, drain: true }).finally(() => {
    open = false
  })
  clock.advanceTo(clock.wall() + 6 * HOUR)
  while (open) {
    await pause(5)
    clock.advanceTo(clock.wall() + MINUTE)
  }
  await done
}

async function stop({ worker }: Crew): Promise<void> {
  const ended = once(worker, 'exit')
  worker.postMessage(null)
  const slow = setTimeout(() => void worker.terminate(), 10_000)
  await ended
  clearTimeout(slow)
}
