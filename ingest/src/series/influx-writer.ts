import { HttpError, InfluxDB, type WriteApi } from '@influxdata/influxdb-client'
import type { SeriesPoint } from './series-ports.ts'
import type { Generation } from './influx-generation.ts'
import { authorization, type InfluxTarget } from './influx-options.ts'
import { influxError } from './influx-reason.ts'
import { lineProtocol } from './line-protocol.ts'
import { SeriesError } from './series-error.ts'

/** Line protocol in, for every generation: 1.x by pointing the client's path at `/write`. */
export function createInfluxWriter(target: InfluxTarget) {
  const { url, database, timeoutMs, token } = target
  const client = new InfluxDB({
    url,
    timeout: timeoutMs,
    ...(token === undefined ? {} : { token }),
    headers: authorization(target),
  })

  interface Server {
    readonly generation: Generation
    readonly organisation: string
  }

  async function post(body: string, { generation, organisation }: Server): Promise<void> {
    const api = client.getWriteApi(organisation, database, 'ms', {
      // The client's own batches and retries drop points and resolve early (stores.md): one batch, one awaited flush.
      batchSize: 2,
      maxBatchBytes: Number.MAX_SAFE_INTEGER,
      maxRetries: 0,
      flushInterval: 0,
      // Pressing costs both sides more than a local network does.
      gzipThreshold: Number.MAX_SAFE_INTEGER,
      // Rejecting here also keeps the client from printing the failure.
      writeFailed: (error) => Promise.reject(error),
    })
    if (generation === 1) pointAt(api, `/write?db=${encodeURIComponent(database)}&precision=ms`)
    api.writeRecord(body)
    try {
      await api.flush()
    } catch (cause) {
      if (cause instanceof HttpError)
        throw influxError({ url, status: cause.statusCode, body: cause.body, cause })
      throw influxError({ url, cause })
    }
  }

  return async (points: readonly SeriesPoint[], server: Server): Promise<void> => {
    const bodies = lineProtocol(points, points.length > partsFrom ? 2 : 1)
    // All have ended before anything is tried again: what is under way must not come behind what is newer.
    const sent = await Promise.allSettled(bodies.map((body) => post(body, server)))
    const faults = sent.flatMap((one) => (one.status === 'rejected' ? [one.reason as SeriesError] : []))
    const [fault] = faults.sort((one, other) => gravity(one) - gravity(other))
    if (!fault) return
    const dropped = faults.map((one) => one.dropped ?? Number.NaN).reduce((sum, count) => sum + count)
    throw new SeriesError(fault.code, fault.message, {
      cause: fault,
      ...(Number.isNaN(dropped) ? {} : { dropped }),
    })
  }
}

/** What must be tried again as a whole comes before what is wrong with a part of it. */
const gravity = ({ code }: SeriesError) =>
  ['away', 'refused', 'too_large', 'partly_stored', 'expired'].indexOf(code)

/** Beyond so many points two requests go side by side: the server parses one while it syncs the other. */
const partsFrom = 2_000

/** The client keeps the path in a plain property and has no option for it. */
function pointAt(api: WriteApi, path: string): void {
  ;(api as WriteApi & { path: string }).path = path
}
