import { InfluxDB } from 'influx'
import { z } from 'zod'
import { authorization, type InfluxTarget } from './influx-options.ts'
import { influxError } from './influx-reason.ts'

const Cell = z.union([z.string(), z.number(), z.boolean(), z.null()])
const Answer = z.object({
  results: z.array(
    z.object({
      series: z
        .array(
          z.object({
            name: z.string().optional(),
            tags: z.record(z.string(), z.string()).optional(),
            columns: z.array(z.string()),
            values: z.array(z.array(Cell)).optional(),
          }),
        )
        .optional(),
      error: z.string().optional(),
    }),
  ),
})

/** One row of an InfluxQL answer with the tags of its series; `time` in ms. */
export type InfluxRow = Readonly<Record<string, string | number | boolean | null>>
export type InfluxQuery = (query: string, database?: string) => Promise<readonly InfluxRow[]>

const atOnce = { getDelay: () => 0, next: () => atOnce, reset: () => atOnce }

/** InfluxQL out, for every generation, at `/query`; times in ms (the client's own default is ns). */
export function createInfluxQuery(target: InfluxTarget): InfluxQuery {
  const { protocol, hostname, port, pathname } = new URL(target.url)
  const client = new InfluxDB({
    hosts: [
      {
        host: hostname.replace(/^\[(.*)\]$/, '$1'),
        port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
        protocol: protocol === 'https:' ? 'https' : 'http',
        path: pathname === '/' ? '' : pathname,
        options: { headers: authorization(target) },
      },
    ],
    database: target.database,
    // A server that was away is asked again at once: what waits and when is the outbox's business.
    pool: { requestTimeout: target.timeoutMs, maxRetries: 0, backoff: atOnce },
    // Left out, the client signs in as root:root over our own header; only what is no string keeps it from that.
    username: null as unknown as string,
  })
  return async (query, database = target.database) => {
    const raw: unknown = await client
      .queryRaw(query, { precision: 'ms', database })
      .catch((cause: unknown) => {
        const { res } = cause as { res?: { statusCode?: number; statusMessage?: string } }
        throw influxError({ url: target.url, status: res?.statusCode, body: res?.statusMessage, cause })
      })
    return rowsOf(Answer.parse(raw), target.url)
  }
}

function rowsOf({ results }: z.infer<typeof Answer>, url: string): InfluxRow[] {
  const error = results.find((one) => one.error !== undefined)?.error
  if (error?.startsWith('database not found')) throw influxError({ url, status: 404, body: error })
  if (error !== undefined) throw new Error(`InfluxQL: ${error}`)
  return results.flatMap(({ series }) =>
    (series ?? []).flatMap(({ columns, tags, values }) =>
      (values ?? []).map((cells) => ({
        ...tags,
        ...Object.fromEntries(columns.map((column, i) => [column, cells[i] ?? null])),
      })),
    ),
  )
}
