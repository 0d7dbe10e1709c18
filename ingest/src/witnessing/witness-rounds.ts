import { addSignatures, type NoteSignature } from '@hours/ledger'
import type { Clock, Millis } from '@hours/protocol'
import type { EvidenceLogWriter } from '../log/evidence-log.ts'
import { askWitness, type Witness } from './witness-client.ts'

/** How a witness stands; `reason` says why the last round failed. */
export interface WitnessState {
  readonly name: string
  readonly url: string
  /** Size of the newest log that it last cosigned. */
  readonly size: number | null
  /** When it last cosigned. */
  readonly at: Millis | null
  readonly reason: string | null
}

export interface Witnessing {
  add(witness: Witness): void
  /** Shows each log that grew to every witness and keeps what they sign; a second call waits for the first. */
  round(): Promise<void>
  /** A witness that has seen another history than ours: for the operator, at once. */
  alarms(): readonly string[]
  states(): readonly WitnessState[]
  /** Ends a round that is under way; nothing is written after it resolves. */
  close(): Promise<void>
}

/** Kept checkpoints are this far apart: a `time` bracket needs no more, and a year of them fits a folder. */
const keepEveryMs = 600_000

type RoundsLog = Pick<
  EvidenceLogWriter,
  'years' | 'origin' | 'size' | 'checkpoint' | 'growth' | 'keepCheckpoint' | 'keepLatest'
>

/**
 * Carries checkpoints to the witnesses (evidence.md, decision 7). Each is shown growth from the size it says it has;
 * what all of them signed is one note, kept as `checkpoints/latest` and every 10 minutes under its size.
 */
export function createWitnessing({ log, clock }: { log: RoundsLog; clock: Clock }): Witnessing {
  const witnesses: Witness[] = []
  const known = new Map<string, number>()
  const states = new Map<string, WitnessState>()
  const alarms = new Map<string, string>()
  const done = new Map<number, { size: number; by: number }>()
  const kept = new Map<number, Millis>()
  const stop = new AbortController()
  let running: Promise<void> | undefined

  async function showTo(witness: Witness, year: number, note: string, size: number) {
    const origin = log.origin(year)
    const key = `${witness.name} ${origin}`
    // Twice at most: as far as we remember, then as far as it says.
    for (const old of [known.get(key) ?? 0, undefined]) {
      const from = old ?? known.get(key) ?? 0
      const proof = from > 0 && from < size ? log.growth(year, from, size) : []
      const reply = await askWitness(witness, { old: from, proof, checkpoint: note }, stop.signal)
      if (reply.kind === 'size' && reply.size <= size && reply.size !== from) {
        known.set(key, reply.size)
        continue
      }
      return settle(witness, { key, origin, size }, reply)
    }
    return settle(witness, { key, origin, size }, { kind: 'failed', reason: 'its size changed meanwhile' })
  }

  function settle(
    witness: Witness,
    { key, origin, size }: { key: string; origin: string; size: number },
    reply: Awaited<ReturnType<typeof askWitness>>,
  ): NoteSignature | undefined {
    const before = states.get(witness.name)
    if (reply.kind === 'cosigned') {
      known.set(key, size)
      states.set(witness.name, { ...stateOf(witness), size, at: clock.wall() })
      return reply.line
    }
    const reason =
      reply.kind === 'size'
        ? `it has seen size ${reply.size} of ${origin}, which has ${size}: another history than ours`
        : reply.reason
    if (reply.kind !== 'failed') {
      // Never taken back while the process runs: a fork that one witness has seen does not heal.
      alarms.set(key, `witness ${witness.name}: ${reason}. Fix: stop, and compare the log with a mirror.`)
    }
    states.set(witness.name, { ...(before ?? stateOf(witness)), reason })
    return undefined
  }

  async function yearRound(year: number): Promise<void> {
    const note = log.checkpoint(year)
    const size = log.size(year)
    const last = done.get(year)
    if (size === 0 || (last?.size === size && last.by === witnesses.length)) return
    const lines = await Promise.all(witnesses.map(async (witness) => showTo(witness, year, note, size)))
    const signed = lines.filter((line) => line !== undefined)
    if (signed.length === 0 || stop.signal.aborted) return
    const cosigned = addSignatures(note, signed)
    await log.keepLatest(year, cosigned)
    const now = clock.wall()
    const ended = year < Math.max(...log.years())
    if (ended || now - (kept.get(year) ?? -Infinity) >= keepEveryMs) {
      await log.keepCheckpoint(year, size, cosigned)
      kept.set(year, now)
    }
    done.set(year, { size, by: signed.length })
  }

  async function allYears(): Promise<void> {
    for (const year of log.years()) if (!stop.signal.aborted) await yearRound(year)
  }

  return {
    add(witness) {
      witnesses.push(witness)
      states.set(witness.name, stateOf(witness))
    },
    async round() {
      if (witnesses.length === 0 || stop.signal.aborted) return
      running ??= allYears().finally(() => {
        running = undefined
      })
      await running
    },
    alarms: () => [...alarms.values()],
    states: () => [...states.values()],
    async close() {
      stop.abort()
      await running?.catch(() => undefined)
    },
  }
}

const stateOf = ({ name, url }: Witness): WitnessState => ({ name, url, size: null, at: null, reason: null })
