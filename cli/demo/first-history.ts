import type { Device } from '@hours/firmware-sim'
import type { Gateway } from '@hours/gateway'
import { DAY, type ManualClock } from '@hours/protocol'
import { createProgress } from '../progress.ts'
import { type HistoryGateway, playHistory } from './history.ts'
import { type DemoState, writeDemoState } from './state-file.ts'
import type { Story } from './story.ts'
import { historyPageMs, type World } from './world.ts'
import { chinaDate } from '../china-date.ts'

/** The clock stops this often until every page made so far has its receipt, so that pages are as early as in life. */
const historyStepMs = 300_000

/** What the live play makes good at once, in its first step. */
const nearlyNowMs = 2_000

/**
 * Plays from the begin of the demo to the present with all instruments, one outage, and no page late. The minutes that
 * this takes are played after it, so that live readings follow the history without a hole and states keep their age.
 */
export async function playFirstHistory(options: {
  readonly state: DemoState
  readonly story: Story
  readonly present: number
  readonly world: World
  readonly clock: ManualClock
  readonly devices: readonly Device[]
  readonly signal: AbortSignal
  readonly dir: string
}): Promise<void> {
  const { state, story, present, world, clock, devices, signal, dir } = options
  const progress = createProgress(`${Math.round((present - state.from) / DAY)} days of history`)
  const started = world.startGateways({ pageMs: historyPageMs })
  const gateways = new Map([...started].map(([id, one]) => [id, historyGateway(id, one)]))
  const play = (from: number, to: number) =>
    playHistory({
      clock,
      devices,
      gateways,
      from,
      to,
      stepMs: historyStepMs,
      allow: 0,
      outages: [story.outage],
      signal,
      onStep: (at) => {
        progress.update(
          at - state.from,
          to - state.from,
          () => `${chinaDate(at)}  ${world.ingest.log.size().toLocaleString('en')} records logged`,
        )
      },
    })
  let played = state.from
  while (!signal.aborted && Date.now() - played > nearlyNowMs) {
    const now = Date.now()
    await play(played, now)
    played = now
  }
  await world.stopGateways()
  await world.ingest.settled()
  writeDemoState(dir, { ...state, until: clock.wall() })
  progress.end(
    signal.aborted
      ? 'interrupted'
      : `complete, ${world.ingest.log.size().toLocaleString('en')} signed records in the log`,
  )
}

const historyGateway = (id: string, one: Gateway): HistoryGateway => ({
  id,
  handleLocal: (topic, payload, arrival) => one.handleLocal(topic, payload, arrival),
  pending: () => one.pending(),
})
