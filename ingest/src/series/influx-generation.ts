import { authorization, type InfluxTarget } from './influx-options.ts'
import { influxError } from './influx-reason.ts'

/** 1.x, 2.x or 3: they differ in where they are written to and how a database is made. */
export type Generation = 1 | 2 | 3

/** Asks `/ping`: every generation names its version in `X-Influxdb-Version`, 3 in the body as well. */
export async function detectGeneration(
  target: InfluxTarget,
): Promise<{ generation: Generation; version: string }> {
  const { url, timeoutMs } = target
  const answer = await fetch(`${url}/ping`, {
    headers: authorization(target),
    signal: AbortSignal.timeout(timeoutMs),
  }).catch((error: unknown) => {
    throw influxError({ url, cause: error instanceof Error ? (error.cause ?? error) : error })
  })
  const body = await answer.text()
  const version = answer.headers.get('x-influxdb-version') ?? versionIn(body) ?? ''
  if (!answer.ok && version === '') throw influxError({ url, status: answer.status, body })
  return { generation: generationOf(version), version }
}

function versionIn(body: string): string | undefined {
  try {
    const { version } = JSON.parse(body) as { version?: unknown }
    return typeof version === 'string' ? version : undefined
  } catch {
    return undefined
  }
}

/** `1.6.7~rc0`, `v2.7.5`, `3.0.1`; an unnamed build is taken for the newest protocol that all of 2 and 3 share. */
function generationOf(version: string): Generation {
  const major = /^v?(\d+)\./.exec(version)?.[1]
  if (major === '0' || major === '1') return 1
  return major === '3' ? 3 : 2
}
