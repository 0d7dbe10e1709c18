import { setTimeout as sleep } from 'node:timers/promises'
import { fromUtf8 } from '@hours/ledger'
import { type LogSource, maxBundleBytes, maxCheckpointBytes } from './log-source.ts'

/** A site that does not answer, or will not: nothing is wrong with its log for that. */
export class SourceError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SourceError'
  }
}

/** An answer takes at most so long; all of them together so long, and so much more for each that came, ms. */
const answerMs = 30_000
const patienceMs = 600_000
const patiencePerAnswerMs = 2_000
/** Where a site says "later" without saying when, ms; and the longest that is waited for at once. */
const laterMs = 5_000
const longestLaterMs = 120_000

/**
 * A log over HTTP, `<url>/<year>/checkpoint`; `years` are asked for one after the other. `key` is an API key with the
 * rights that entries need. Throws `SourceError` when the site does not answer.
 */
export function httpSource(url: string, key?: string): LogSource {
  const base = url.replace(/\/+$/, '')
  const headers = key === undefined ? undefined : { authorization: `Bearer ${key}` }
  const began = performance.now()
  let answers = 0

  /** Undefined when it is not there, or longer than `limit`. */
  async function get(path: string, limit: number): Promise<Uint8Array | undefined> {
    for (;;) {
      if (performance.now() - began > patienceMs + answers * patiencePerAnswerMs)
        throw new SourceError(
          `${base} is too slow: ${answers} files so far. Fix: copy the log, and verify the copy.`,
        )
      const response = await ask(`${base}/${path}`)
      answers += 1
      if (response.status === 404) return undefined
      if (response.ok) return readBounded(response, limit)
      await response.body?.cancel()
      if (response.status !== 429 && response.status !== 503)
        throw refusal(`${base}/${path}`, response.status)
      await sleep(waitOf(response))
    }
  }

  async function ask(address: string): Promise<Response> {
    try {
      return await fetch(address, { ...(headers ? { headers } : {}), signal: AbortSignal.timeout(answerMs) })
    } catch (cause) {
      // `fetch failed` says nothing; what it failed of does.
      const why = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause)
      throw new SourceError(`${address} does not answer: ${why}`, { cause })
    }
  }

  const known = new Map<number, string>()
  const checkpoint = async (year: number) => {
    const bytes = await get(`${year}/checkpoint`, maxCheckpointBytes)
    return bytes && fromUtf8(bytes)
  }
  return {
    async years() {
      const last = new Date().getUTCFullYear() + 1
      for (let year = last; year >= last - 30; year--) {
        const note = await checkpoint(year)
        if (note !== undefined) known.set(year, note)
      }
      return [...known.keys()].sort((a, b) => a - b)
    },
    checkpoint: async (year) => known.get(year) ?? (await checkpoint(year)),
    kept: () => Promise.resolve([]),
    file: (year, path) => get(`${year}/${path}`, maxBundleBytes),
  }
}

const refusal = (address: string, status: number) =>
  new SourceError(
    status === 401 || status === 403
      ? `${address} answered ${status}. Fix: --key, an API key of a regulator or auditor of that site.`
      : `${address} answered ${status}`,
  )

function waitOf(response: Response): number {
  const seconds = Number(response.headers.get('retry-after') ?? NaN)
  return Math.min(longestLaterMs, Number.isFinite(seconds) ? Math.max(0, seconds) * 1_000 : laterMs)
}

/** The body, or undefined as soon as it is longer than `limit`: a short answer may unpack to gigabytes. */
async function readBounded({ body, url }: Response, limit: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
      length += chunk.length
      // Leaving the loop cancels the rest.
      if (length > limit) return undefined
      chunks.push(chunk)
    }
  } catch (cause) {
    throw new SourceError(`${url} broke off after ${length} bytes`, { cause })
  }
  return new Uint8Array(Buffer.concat(chunks))
}
