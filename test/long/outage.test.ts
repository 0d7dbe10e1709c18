import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MINUTE } from '@hours/protocol'
import { expect, it } from 'vitest'
import { gatewayBoundMb, growthBoundMb, playOutage } from '../faults/outage.ts'
import { faultless } from '../faults/run-in-folder.ts'

it('232 gateways a day without ingest: all spools drain within ten minutes, every figure exact, no gateway above its memory', {
  timeout: 60 * MINUTE,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hours-outage-'))
  try {
    const outcome = await playOutage(folder, { gateways: 232, perGateway: 1, processes: 2 })
    console.log(outcome)
    expect(outcome).toMatchObject(faultless)
    expect(outcome.waiting).toBeGreaterThanOrEqual(66_816)
    expect(outcome.drainSeconds).toBeLessThan(600)
    expect(outcome.gatewayMb).toBeLessThan(gatewayBoundMb)
    expect(outcome.growthMb).toBeLessThan(growthBoundMb)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
