import type { SparkplugReader } from './discover.ts'

/** A message of more bytes is no reading of a meter. */
const maxBytes = 65_536

/** Loads the Sparkplug codec (Protocol Buffers): only where something speaks it, so that a plain gateway stays small. */
export async function loadSparkplugReader(): Promise<SparkplugReader> {
  const { default: payloads } = await import('sparkplug-payload')
  const codec = payloads.get('spBv1.0')
  return (payload) => {
    if (payload.length > maxBytes) return undefined
    try {
      return codec?.decodePayload(payload)
    } catch {
      return undefined
    }
  }
}
