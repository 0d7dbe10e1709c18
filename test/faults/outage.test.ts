import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { gatewayBoundMb, playOutage } from './outage.ts'
import { faultless } from './run-in-folder.ts'

/** `npm run long` plays it with 232 gateways. */
it('six gateways a day without ingest: their spools drain, every figure exact', {
  timeout: 240_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hours-outage-'))
  try {
    const outcome = await playOutage(folder, { gateways: 6, perGateway: 2, processes: 1 })
    console.log(outcome)
    expect(outcome).toMatchObject(faultless)
    expect(outcome.waiting).toBeGreaterThanOrEqual(6 * 288)
    expect(outcome.gatewayMb).toBeLessThan(gatewayBoundMb)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
