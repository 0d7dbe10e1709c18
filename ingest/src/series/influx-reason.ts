import { SeriesError } from './series-error.ts'

/** What a server answered, or that it did not. */
export interface InfluxFailure {
  readonly url: string
  readonly status?: number | undefined
  readonly body?: string | undefined
  readonly cause?: unknown
}

/** A failure in plain words, with what may be done about it (stores.md: 400 and 422 mean "partly stored"). */
export function influxError({ url, status, body, cause }: InfluxFailure): SeriesError {
  const said = serverText(body)
  const make = (code: SeriesError['code'], text: string) => new SeriesError(code, text, { cause })
  if (status === undefined)
    return make(
      'away',
      `InfluxDB at ${url} does not answer (${networkText(cause)}). Points wait; none is lost.`,
    )
  if ((status === 400 || status === 422) && tooManySeries.test(said))
    return make(
      'refused',
      `InfluxDB at ${url} takes no more series (${said}). Fix: index-version = "tsi1" and max-series-per-database = 0, max-values-per-tag = 0 below [data] in its configuration. Points wait.`,
    )
  if (status === 400 || status === 422) {
    const code = beyondRetention.test(said) ? 'expired' : 'partly_stored'
    return new SeriesError(code, conflictText(said), { cause, dropped: droppedIn(said) })
  }
  if (status === 401 || status === 403)
    return make(
      'refused',
      `InfluxDB at ${url} refuses our token or password (${status}${said ? `: ${said}` : ''}). Fix: check INFLUX_TOKEN and that it may write. Points wait.`,
    )
  if (status === 404)
    return make(
      'refused',
      `InfluxDB at ${url} has no such database or bucket (${said || status}). Points wait.`,
    )
  if (status === 413) return make('too_large', `InfluxDB at ${url} finds the batch too large.`)
  if (/no space left|disk (?:is )?full|cache-max-memory-size exceeded/i.test(said))
    return make('away', `InfluxDB at ${url} is full (${said}). Fix: free space on its disk. Points wait.`)
  const busy = status === 429 || status === 503 ? 'is overloaded or starting' : 'failed'
  return make('away', `InfluxDB at ${url} ${busy} (${status}${said ? `: ${said}` : ''}). Points wait.`)
}

/** "points beyond retention policy dropped=2" of 1.x; "dropped 2 points outside retention policy" of 2.7. */
const beyondRetention = /(?:beyond|outside) retention policy/
const droppedIn = (said: string): number | undefined => {
  const count = /dropped[= ](\d+)/.exec(said)?.[1]
  return count === undefined ? undefined : Number(count)
}

/** Limits of 1.x; what it refuses by them it takes once they are lifted. */
const tooManySeries = /max-series-per-database|max-values-per-tag|max series per database|max values per tag/i

/** Names the field or the measurement that somebody else wrote in another type. */
function conflictText(said: string): string {
  const conflict =
    /input field "?([^"\s]+)"? on measurement "?([^"\s]+)"? is type (\w+), already exists as type (\w+)/.exec(
      said,
    )
  if (!conflict) return said || 'the server did not say why'
  const [, field, measurement, ours, theirs] = conflict
  return `field ${field} of measurement ${measurement} is ${theirs} in this database, ours is ${ours}: somebody else writes ${measurement} here. Fix: give Instrument Hours a database of its own. (${said})`
}

/** The `error` or `message` of a JSON answer of any generation, else its text. */
function serverText(body: string | undefined): string {
  if (!body) return ''
  try {
    const parsed = JSON.parse(body) as { error?: unknown; message?: unknown; data?: unknown }
    const lines = Array.isArray(parsed.data)
      ? parsed.data.map((one: unknown) => (one as { error_message?: unknown }).error_message)
      : []
    const parts = [parsed.error, parsed.message, ...lines].filter((one) => typeof one === 'string')
    if (parts.length > 0) return parts.join('; ').slice(0, 400)
  } catch {
    // Not JSON: an answer of a proxy, or of a server that is starting.
  }
  return body.trim().slice(0, 200)
}

function networkText(cause: unknown): string {
  const { code, message } = (cause ?? {}) as { code?: string; message?: string }
  if (code === 'ECONNREFUSED') return 'connection refused: it is not running'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'its name is not known'
  if (code === 'ECONNRESET') return 'connection broken off'
  if (code === 'ETIMEDOUT' || /timed? ?out/i.test(message ?? '')) return 'no answer in time'
  return code ?? message ?? 'no connection'
}
