import { join } from 'node:path'
import { createDevice, demoFleet, type Fleet } from '@hours/firmware-sim'
import { createApi } from '@hours/ingest'
import { createManualClock, HOUR } from '@hours/protocol'
import { pino } from 'pino'
import { playHistory } from '../../cli/demo/history.ts'
import { createWorld, historyPageMs } from '../../cli/demo/world.ts'

/** One laboratory of the demo as if it stood in Berlin, whose days have 23, 24 or 25 hours. */
const berlin = (): Fleet => {
  const { instruments, organisations } = demoFleet(7)
  return {
    instruments: instruments
      .filter(({ gateway }) => gateway === 'gibh-em')
      .map((one) => ({ ...one, zone: 'Europe/Berlin' })),
    organisations: organisations.map((one) => ('zone' in one ? { ...one, zone: 'Europe/Berlin' } : one)),
  }
}

export interface BerlinSite {
  /** Without the slash at the end. */
  readonly url: string
  get<T>(path: string): Promise<T>
  close(): Promise<void>
}

/**
 * Plays [from, to) into the real system in `dir` and serves its page as of `to`. One `dir` takes several stretches one
 * after the other; between them nobody measured.
 */
export async function playBerlin(options: {
  readonly dir: string
  readonly webRoot: string
  readonly enrolFrom: number
  readonly from: number
  readonly to: number
}): Promise<BerlinSite> {
  const { dir, webRoot, enrolFrom, from, to } = options
  const fleet = berlin()
  const log = pino({ level: 'silent' })
  const clock = createManualClock(from, from - HOUR)
  const sampleMs = 60_000
  const world = await createWorld({ dir, fleet, clock, log, mqttPort: 0, sampleMs, enrolFrom })
  if (to > from) {
    const gateways = new Map(
      [...world.startGateways({ pageMs: historyPageMs })].map(([id, one]) => [
        id,
        { id, handleLocal: one.handleLocal.bind(one), pending: () => one.pending() },
      ]),
    )
    await playHistory({
      ...{ clock, gateways, from, to, stepMs: 300_000, allow: 0, onStep: () => undefined },
      devices: fleet.instruments.map((one) => createDevice(one, { sampleMs, silence: 0, keepTruth: false })),
      signal: new AbortController().signal,
    })
    await world.stopGateways()
  }
  await world.ingest.settled()
  const api = await createApi({
    ...{ ingest: world.ingest, log, webRoot, software: '0.1.0', logDir: join(dir, 'log') },
  })
  const url = await api.listen({ port: 0, host: '127.0.0.1' })
  return {
    url,
    async get<T>(path: string) {
      const answer = await fetch(`${url}/api/v1/${path}`)
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
      return (await answer.json()) as T
    },
    async close() {
      await api.close()
      await world.close()
    },
  }
}
