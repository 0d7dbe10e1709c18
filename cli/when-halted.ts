import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunningIngest } from '@hours/ingest'
import { every, systemClock } from '@hours/protocol'

/**
 * Resolves with the reason when ingest has halted (a full or failing disk) and the disk takes files again: then it is
 * worth opening anew. Until then the page answers, and `/health` says what is the matter.
 */
export function whenHalted(
  ingest: RunningIngest,
  dataDir: string,
): { promise: Promise<string>; stop: () => void } {
  const { promise, resolve } = Promise.withResolvers<string>()
  const stop = every(systemClock, 5_000, () => {
    const reason = ingest.halted()
    if (reason !== undefined && diskTakesFiles(dataDir)) resolve(reason)
  })
  return { promise, stop }
}

/** As much as the index's journal grows to before its pages are brought home. */
const probeBytes = 4 * 1024 * 1024

/** Whether a file of some size can be written there, to the disk. */
export function diskTakesFiles(dataDir: string): boolean {
  const path = join(dataDir, 'disk-probe.tmp')
  try {
    writeFileSync(path, Buffer.alloc(probeBytes), { flush: true })
    return true
  } catch {
    // Still full, read-only or failing: it is tried again.
    return false
  } finally {
    rmSync(path, { force: true })
  }
}
