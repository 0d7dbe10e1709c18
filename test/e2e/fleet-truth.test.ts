import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDevice, gridFleet } from '@hours/firmware-sim'
import { createApi } from '@hours/ingest'
import {
  createManualClock,
  DAY,
  HOUR,
  type InstrumentKey,
  MINUTE,
  type Span,
  states,
  type Usage,
} from '@hours/protocol'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { playHistory } from '../../cli/demo/history.ts'
import { createWorld } from '../../cli/demo/world.ts'

/** 90 days with `npm run long`, fewer in CI; the same code either way. */
const days = process.env['HOURS_LONG'] === '1' ? 90 : 4
const sampleMs = 30_000
const maxGapMs = 90_000
const start = Date.UTC(2026, 2, 27, 16)
const log = pino({ level: 'silent' })

const length = (spans: readonly Span[], state: string) =>
  spans.filter((span) => span.state === state).reduce((sum, span) => sum + span.to - span.from, 0)

/** What the truth knows but the outage took away is unknown; elsewhere states must agree to the millisecond. */
function differences(found: readonly Span[], truth: readonly Span[]): { wrong: number; unknownMore: number } {
  let wrong = 0
  let unknownMore = 0
  let k = 0
  for (const span of found)
    for (; k < truth.length; k++) {
      const other = truth[k]!
      const both = Math.min(span.to, other.to) - Math.max(span.from, other.from)
      if (both > 0 && span.state !== other.state) {
        if (span.state === 'unknown') unknownMore += both
        else wrong += both
      }
      if (other.to >= span.to) break
    }
  return { wrong, unknownMore }
}

describe('a simulated fleet through the real pipeline', () => {
  it(
    `gives the ground truth to the millisecond over ${days} days with restarts and outages, except time it calls unknown`,
    async () => {
      const dir = mkdtempSync(join(tmpdir(), 'fleet-'))
      const clock = createManualClock(start)
      const fleet = gridFleet({ seed: 11, gateways: 3, perGateway: 3 })
      const world = await createWorld({ dir, fleet, clock, log, mqttPort: 0, sampleMs, enrolFrom: start })
      const devices = fleet.instruments.map((one) =>
        createDevice(one, { sampleMs, silence: 0.01, keepTruth: true }),
      )
      const end = start + days * DAY
      const outage = { gateway: 'gw-0001', from: start + 30 * HOUR, to: start + 33 * HOUR }
      const restarts = Array.from({ length: days * 2 }, (_, i) => start + Math.floor(((i + 0.37) * DAY) / 2))
      try {
        let at = start
        for (const until of [...restarts, end]) {
          const gateways = world.startGateways({ pageMs: 900_000 })
          await playHistory({
            clock,
            devices,
            gateways: new Map(
              [...gateways].map(([id, one]) => [
                id,
                {
                  id,
                  handleLocal: (topic, payload, arrival) => one.handleLocal(topic, payload, arrival),
                  pending: () => one.pending(),
                },
              ]),
            ),
            from: at,
            to: until,
            stepMs: 900_000,
            allow: 0,
            outages: [outage],
            signal: new AbortController().signal,
            onStep: () => undefined,
          })
          at = until
          await world.stopGateways()
        }
        await world.ingest.settled()
        expect(world.ingest.quarantine.list(5)).toEqual([])

        const api = await createApi({ ingest: world.ingest, log, software: 'test', logDir: join(dir, 'log') })
        for (const device of devices) {
          const { site, id, gateway } = device.instrument
          const key = `${site}/${id}` as InstrumentKey
          const truth = device.truth(start, end, maxGapMs)
          const found = world.ingest.index.spans(key, start, end)
          expect(found.reduce((sum, span) => sum + span.to - span.from, 0)).toBe(end - start)
          const { wrong, unknownMore } = differences(found, truth)
          expect([key, wrong]).toEqual([key, 0])
          // Each clean restart may lose from its last sample to the next one; the outage is lost whole.
          const lost = gateway === outage.gateway ? 3 * HOUR + MINUTE : 0
          const allowed = restarts.length * (sampleMs + maxGapMs) + lost
          expect(unknownMore).toBeLessThanOrEqual(allowed)

          const from = new Date(start + 8 * HOUR).toISOString().slice(0, 10)
          const to = new Date(end + 8 * HOUR).toISOString().slice(0, 10)
          const answer = await api.inject(`/api/v1/usage?scope=${key}&period=${from}..${to}&by=period`)
          const [row] = answer.json<Usage>().rows
          for (const state of states)
            expect([key, state, row?.states[state]]).toEqual([key, state, length(found, state)])
        }
        await api.close()
      } finally {
        await world.close()
        rmSync(dir, { recursive: true, force: true })
      }
    },
    days * 40_000,
  )
})
