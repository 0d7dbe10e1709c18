import { HttpError, InfluxDB, Point, type WriteApi } from '@influxdata/influxdb-client'
import type { SeriesPoint } from '../ports.ts'
import type { Generation } from './influx-generation.ts'
import { authorization, type InfluxTarget } from './influx-options.ts'
import { influxError } from './influx-reason.ts'

/** Line protocol in, for every generation: 1.x by pointing the client's path at `/write`. */
export function createInfluxWriter(target: InfluxTarget) {
  const { url, database, timeoutMs, token } = target
  const client = new InfluxDB({
    url,
    timeout: timeoutMs,
    ...(token === undefined ? {} : { token }),
    headers: authorization(target),
  })

  return async (
    points: readonly SeriesPoint[],
    { generation, organisation }: { generation: Generation; organisation: string },
  ): Promise<void> => {
    if (points.length === 0) return
    const api = client.getWriteApi(organisation, database, 'ms', {
      // The client's own batches and retries drop points and resolve early (stores.md): one batch, one awaited flush.
      batchSize: points.length + 1,
      maxBatchBytes: Number.MAX_SAFE_INTEGER,
      maxRetries: 0,
      flushInterval: 0,
      // Rejecting here also keeps the client from printing the failure.
      writeFailed: (error) => Promise.reject(error),
    })
    if (generation === 1) pointAt(api, `/write?db=${encodeURIComponent(database)}&precision=ms`)
    for (const point of points) api.writePoint(lineOf(point))
    try {
      await api.flush()
    } catch (cause) {
      if (cause instanceof HttpError)
        throw influxError({ url, status: cause.statusCode, body: cause.body, cause })
      throw influxError({ url, cause })
    }
  }
}

/** The client keeps the path in a plain property and has no option for it. */
function pointAt(api: WriteApi, path: string): void {
  ;(api as WriteApi & { path: string }).path = path
}

function lineOf({ measurement, tags, fields, at }: SeriesPoint): Point {
  const point = new Point(measurement).timestamp(at)
  for (const [name, value] of Object.entries(tags)) point.tag(name, value)
  for (const [name, value] of Object.entries(fields)) {
    if ('i' in value) point.intField(name, value.i)
    else if ('f' in value) point.floatField(name, value.f)
    else point.stringField(name, value.s)
  }
  return point
}
