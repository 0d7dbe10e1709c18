import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { maxEntryBytes, tileWidth } from '@hours/ledger'

/** The files of an evidence log, wherever they lie; every answer may be hostile. */
export interface LogSource {
  /** Years there are, ascending. */
  years(): Promise<readonly number[]>
  /** The signed checkpoint; undefined when it is not there. */
  checkpoint(year: number): Promise<string | undefined>
  /** A file below the year's folder, such as `tile/entries/000.p/17`. */
  file(year: number, path: string): Promise<Uint8Array | undefined>
}

const maxBundleBytes = tileWidth * (maxEntryBytes + 2)
const maxCheckpointBytes = 64 * 1024

/** A log in a directory with one folder a year. */
export function directorySource(dir: string): LogSource {
  const read = (path: string, limit: number): Uint8Array | undefined => {
    try {
      const bytes = readFileSync(path)
      return bytes.length > limit ? undefined : bytes
    } catch {
      return undefined
    }
  }
  return {
    years: async () =>
      Promise.resolve(
        readdirSync(dir)
          .filter((name) => /^\d{4}$/.test(name))
          .map(Number)
          .sort((a, b) => a - b),
      ),
    checkpoint: async (year) => {
      const bytes = read(join(dir, String(year), 'checkpoint'), maxCheckpointBytes)
      return Promise.resolve(bytes && new TextDecoder().decode(bytes))
    },
    file: async (year, path) => Promise.resolve(read(join(dir, String(year), path), maxBundleBytes)),
  }
}

/** The body, or undefined as soon as it is longer than `limit`: a short answer may unpack to gigabytes. */
async function readBounded({ body }: Response, limit: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length
    // Leaving the loop cancels the rest.
    if (length > limit) return undefined
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

/** A log over HTTP, `<url>/<year>/checkpoint`; `years` are asked for one after the other. */
export function httpSource(url: string, token?: string): LogSource {
  const base = url.replace(/\/+$/, '')
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  async function get(path: string, limit: number): Promise<Uint8Array | undefined> {
    const response = await fetch(`${base}/${path}`, { headers, signal: AbortSignal.timeout(30_000) })
    if (response.status === 404) return undefined
    if (!response.ok) throw new Error(`${base}/${path} answered ${response.status}`)
    return readBounded(response, limit)
  }
  const known = new Map<number, string>()
  const checkpoint = async (year: number) => {
    const bytes = await get(`${year}/checkpoint`, maxCheckpointBytes)
    return bytes && new TextDecoder().decode(bytes)
  }
  return {
    async years() {
      const last = new Date().getUTCFullYear() + 1
      for (let year = last; year >= last - 30; year--) {
        const note = await checkpoint(year)
        if (note !== undefined) known.set(year, note)
        // Logs follow each other without a hole, so the first missing year below a known one ends the search.
        else if (known.size > 0) break
      }
      return [...known.keys()].sort((a, b) => a - b)
    },
    checkpoint: async (year) => known.get(year) ?? (await checkpoint(year)),
    file: (year, path) => get(`${year}/${path}`, maxBundleBytes),
  }
}
