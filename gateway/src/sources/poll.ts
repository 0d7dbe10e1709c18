import { type Clock, type Millis, refuse } from '@hours/protocol'
import type { DecodedReading, SensingCode } from '@hours/sensing'
import type { RunningSource, SourceContext } from '../source-runner.ts'

/** After failures a source is asked again after twice as long each time, at most this, ms. */
const longestRest = 30_000

/**
 * Runs `task` at each multiple of `period` ms of the monotonic clock: it never drifts, and sources of one period come due
 * together, so that what is asked in one call stays in one call. A timer that fires a little early counts as on time.
 */
function onGrid(clock: Clock, period: Millis, task: () => void): () => void {
  let cancel = arm()
  function arm() {
    const past = clock.monotonic() % period
    return clock.after(past < period / 2 ? period - past : 2 * period - past, tick)
  }
  function tick() {
    cancel = arm()
    task()
  }
  return () => cancel()
}

/**
 * Asks a source every `everyMs`, never twice at once. An answer is fed and says that the device is there; a failure is a
 * reading that was refused, and after the second in a row the device is gone: its time becomes unknown by itself.
 */
export function pollSource(
  { clock, emit }: Pick<SourceContext, 'clock' | 'emit'>,
  everyMs: number,
  ask: (signal: AbortSignal) => Promise<DecodedReading>,
  end: () => Promise<void> = () => Promise.resolve(),
): RunningSource {
  const stop = new AbortController()
  let asking: Promise<void> | undefined
  let failures = 0
  let restUntil = 0

  async function once(): Promise<void> {
    try {
      const reading = await ask(stop.signal)
      if (stop.signal.aborted) return
      if (failures > 1) emit(availability(clock, true))
      failures = 0
      emit(reading)
    } catch (error) {
      if (stop.signal.aborted) return
      failures += 1
      restUntil = clock.monotonic() + Math.min(longestRest, everyMs * 2 ** Math.min(failures, 10))
      emit(failed(error))
      if (failures === 2) emit(availability(clock, false))
    }
  }

  function turn(): void {
    if (asking || (failures > 0 && clock.monotonic() < restUntil)) return
    asking = once().finally(() => (asking = undefined))
  }

  turn()
  const cancel = onGrid(clock, everyMs, turn)
  return {
    async stop() {
      cancel()
      stop.abort()
      await asking
      await end()
    },
  }
}

const availability = (clock: Clock, online: boolean): DecodedReading => ({
  ok: true,
  value: { kind: 'availability', online, at: clock.wall() },
})

/** An input or output fault as a reading that counts for nothing; its text is for the log. */
export const failed = (error: unknown): DecodedReading =>
  refuse<SensingCode>('no_reading', error instanceof Error ? error.message : String(error))
