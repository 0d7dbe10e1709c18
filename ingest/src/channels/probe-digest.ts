import type { ChannelId, RecordBody } from '@hours/protocol'
import type { ProbeResult } from './probe-result.ts'

/** The day's results of a channel as the `probe` record of the log has them; undefined = nothing was probed. */
export function probeDigest(
  channel: ChannelId,
  day: string,
  results: readonly ProbeResult[],
): RecordBody<'probe'> | undefined {
  if (results.length === 0) return undefined
  const latencies = results.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b)
  const failures = new Map<string, number>()
  for (const { faults } of results)
    for (const { reason } of faults) failures.set(reason, (failures.get(reason) ?? 0) + 1)
  let [filled, required] = [0, 0]
  for (const { fields } of results) {
    filled += fields?.filled ?? 0
    required += fields?.required ?? 0
  }
  return {
    channel,
    day,
    probed: results.length,
    ok: results.filter(({ ok }) => ok).length,
    latencyMs: { p50: rank(latencies, 0.5), p95: rank(latencies, 0.95) },
    completeness: required > 0 ? filled / required : null,
    failures: [...failures]
      .map(([reason, count]) => ({ reason, count }))
      .sort((a, b) => (a.reason < b.reason ? -1 : 1))
      .slice(0, 32),
  }
}

/** Nearest rank: always a value that was measured. */
const rank = (sorted: readonly number[], share: number): number =>
  sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0
