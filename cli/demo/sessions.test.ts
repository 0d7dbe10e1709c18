import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { demoFleet, stretchesOf } from '@hours/firmware-sim'
import { createIngest } from '@hours/ingest'
import { createManualClock, DAY, HOUR, type SiteId } from '@hours/protocol'
import { proposedDuplicates, reconcileUse } from '@hours/usage'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { enrolmentRecords } from './enrol.ts'
import { demoRows, keepDemoUse, unbookedRun } from './sessions.ts'

const from = Date.UTC(2026, 9, 1, 16)
const now = from + 30 * DAY + 11 * HOUR
const fleet = demoFleet(1)
const gateways = new Set(fleet.instruments.map(({ gateway }) => gateway))
const keys = [...gateways].map((gateway) => ({ gateway, publicKey: new Uint8Array(32).fill(gateway.length) }))

describe('what people write down in the demo', () => {
  it.each([
    ['in October 2026', Date.UTC(2026, 9, 1, 16)],
    ['in February 2026, over the holidays', Date.UTC(2026, 1, 1, 16)],
    ['in November 2025', Date.UTC(2025, 10, 10, 16)],
  ])('differs from the plan in two no-shows and one unbooked run, and in nothing else, %s', (_when, from) => {
    const now = from + 30 * DAY + 11 * HOUR
    const rows = demoRows({ fleet, from, since: from, now, isFirst: true })
    const of = (kind: string, key: string) =>
      rows
        .filter((row) => row.kind === kind && row.input['instrument'] === key)
        .map(({ input }) => ({
          id: String(input['id']),
          user: String(input['user']),
          from: Number(input['from']),
          to: Number(input['to']),
        }))
    const found = fleet.instruments.flatMap((instrument) => {
      const key = `${instrument.site}/${instrument.id}`
      const spans = stretchesOf(instrument, from, now + 3 * DAY)
      const period = { from, to: now }
      const maintenance = of('maintenance', key)
      const { findings } = reconcileUse({
        spans,
        bookings: of('booking', key),
        sessions: of('session', key),
        maintenance,
        period,
      })
      return findings.map(({ kind }) => `${kind} ${instrument.id}`)
    })
    expect(found.sort()).toEqual(['no_show sem-01', 'no_show xrd-01', 'unbooked_run confocal-01'])
    expect(unbookedRun(fleet, from)).toBeDefined()
  })

  it('is taken without a refusal, in seconds, and only what is new of it at the next start', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'hours-demo-use-'))
    const clock = createManualClock(now)
    const ingest = await createIngest({
      dataDir,
      clock,
      log: pino({ level: 'silent' }),
      logName: 'demo.t',
      simulated: true,
    })
    await ingest.recordAll(enrolmentRecords(fleet, keys, { from, sampleMs: 60_000 }))
    const errors: unknown[] = []
    const options = { ingest, fleet, clock, from, onError: (error: unknown) => void errors.push(error) }
    const began = performance.now()
    const stop = await keepDemoUse(options)
    const seconds = (performance.now() - began) / 1_000
    stop()
    const counts = () => ({
      sessions: ingest.registry.records('session').length,
      bookings: ingest.registry.records('booking').length,
      claims: ingest.registry.records('claim').length,
      charges: ingest.registry.records('charge').length,
      compute: ingest.registry.records('compute').length,
      corrections: ingest.registry.records('correction').length,
      approvals: ingest.registry.records('approval').length,
      subsidies: ingest.registry.records('subsidy').length,
      confirmed: ingest.registry.records('same-as').length,
      closes: ingest.registry.records('close').length,
      moves: ingest.registry.records('enrolment').length - fleet.instruments.length,
    })
    const first = counts()
    console.log(`demo use: ${seconds.toFixed(1)} s, ${JSON.stringify(first)}`)
    expect(errors).toEqual([])
    expect(first.sessions).toBeGreaterThan(500)
    expect(first.claims).toBe(fleet.instruments.length)
    // What comes after the fact: one correction that counts and one that waits, a session told twice, a month that is closed.
    expect(first).toMatchObject({ corrections: 2, approvals: 1, confirmed: 1, closes: 3, moves: 1 })
    expect(first.subsidies).toBeGreaterThan(10)
    const told = ingest.registry.records('session', 'gz-sysu' as SiteId).map(({ record }) => record)
    // One of the two is confirmed already, the other one waits for somebody.
    expect(proposedDuplicates(told)).toHaveLength(2)
    ;(await keepDemoUse(options))()
    expect(counts()).toEqual(first)
    clock.advanceTo(now + DAY)
    ;(await keepDemoUse(options))()
    const later = counts()
    expect(later.sessions).toBeGreaterThan(first.sessions)
    expect(later).toMatchObject({ claims: first.claims, corrections: 2, closes: 3, moves: 1 })
    expect(errors).toEqual([])
    await ingest.close()
    rmSync(dataDir, { recursive: true, force: true })
  })
})
