import { createServer, type IncomingMessage, type Server } from 'node:http'
import { createInfluxSeries, createSeriesOutbox, type SeriesPoint } from '@hours/ingest'
import { type InstrumentKey, systemClock } from '@hours/protocol'
import { afterEach, describe, expect, it } from 'vitest'

/**
 * What InfluxDB 2.x and 3 do otherwise than 1.x, in the shapes of their documented answers (docs.influxdata.com: v2 API
 * `/api/v2/write`, `/api/v2/dbrps`, `/api/v2/buckets`; v3 `/api/v3/configure/database`, `/api/v2/write` compatibility).
 * The contract suite runs against real ones with INFLUX_URL.
 */
interface Asked {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly authorization: string | undefined
  readonly body: string
}
type Answer = readonly [status: number, body: unknown]

const servers: Server[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((one) => new Promise((resolve) => one.close(resolve))))
})

async function serve(version: string, answer: (asked: Asked) => Answer) {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    void read(request).then((body) => {
      const url = new URL(request.url!, 'http://x')
      const one = {
        method: request.method!,
        path: url.pathname,
        query: url.searchParams,
        authorization: request.headers.authorization,
        body,
      }
      asked.push(one)
      const [status, said] = url.pathname === '/ping' ? [204, null] : answer(one)
      response.writeHead(status, { 'content-type': 'application/json', 'x-influxdb-version': version })
      response.end(said === null ? '' : JSON.stringify(said))
    })
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return { url: `http://127.0.0.1:${port}`, asked }
}

async function read(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text
}

const point = (w: number): SeriesPoint => ({
  measurement: 'power',
  tags: { site: 'gz', instrument: 'sem-01' },
  fields: { w: { f: w }, wmin: { f: w }, wmax: { f: w }, wh: { f: 0 } },
  at: 1_741_000_000_000 + w,
})

describe('InfluxDB 2.x', () => {
  const second =
    (write: (asked: Asked) => Answer) =>
    (asked: Asked): Answer => {
      if (asked.path === '/api/v2/orgs') return [200, { orgs: [{ id: 'org1', name: 'gz' }] }]
      if (asked.path === '/api/v2/buckets' && asked.method === 'GET')
        return [404, { code: 'not found', message: 'bucket "hours" not found' }]
      if (asked.path === '/api/v2/buckets')
        return [201, { id: 'bucket1', name: 'hours', orgID: 'org1', retentionRules: [] }]
      if (asked.path === '/api/v2/dbrps' && asked.method === 'GET') return [200, { content: [] }]
      if (asked.path === '/api/v2/dbrps') return [201, { id: 'dbrp1' }]
      if (asked.path === '/api/v2/write') return write(asked)
      return [200, { results: [{ statement_id: 0 }] }]
    }

  it('makes bucket and DBRP mapping once, writes to /api/v2/write in ms, reads InfluxQL with the token', async () => {
    const { url, asked } = await serve(
      'v2.7.11',
      second(() => [204, null]),
    )
    const store = createInfluxSeries({ url, token: 'tok', organisation: 'gz' })
    await store.write([point(1)])
    await store.write([point(2)])
    await store.latest()
    const made = asked.filter(({ method, path }) => method === 'POST' && path !== '/api/v2/write')
    expect(made.map(({ path, body }) => [path, JSON.parse(body) as unknown])).toMatchObject([
      [
        '/api/v2/buckets',
        {
          name: 'hours',
          orgID: 'org1',
          retentionRules: [{ type: 'expire', everySeconds: 0, shardGroupDurationSeconds: 364 * 86_400 }],
        },
      ],
      ['/api/v2/dbrps', { bucketID: 'bucket1', database: 'hours', default: true, orgID: 'org1' }],
    ])
    const writes = asked.filter(({ path }) => path === '/api/v2/write')
    expect(writes.map(({ query }) => [query.get('bucket'), query.get('precision')])).toEqual([
      ['hours', 'ms'],
      ['hours', 'ms'],
    ])
    expect(writes[0]?.body).toBe('power,instrument=sem-01,site=gz w=1,wmin=1,wmax=1,wh=0 1741000000001')
    expect(new Set(asked.map(({ authorization }) => authorization))).toEqual(new Set(['Token tok']))
    expect(asked.find(({ path }) => path === '/query')?.query.get('epoch')).toBe('ms')
  })

  it.each([
    [
      'to another bucket',
      'bucket-of-telegraf',
      true,
      /maps database hours to another bucket \(bucket-of-telegraf\)/,
    ],
    ['not by default', 'bucket1', false, /or not by default/],
    ['to this bucket, by hand or by 2.x itself', 'bucket1', true, undefined],
  ])('takes a database that is mapped %s for what it is', async (_, bucketID, isDefault, refusal) => {
    const mapping = { id: 'd', bucketID, database: 'hours', retention_policy: 'autogen', default: isDefault }
    const { url, asked } = await serve('v2.7.11', (one) =>
      one.path === '/api/v2/dbrps'
        ? [200, { content: [mapping] }]
        : one.path === '/api/v2/buckets'
          ? [200, { buckets: [{ id: 'bucket1', name: 'hours' }] }]
          : second(() => [204, null])(one),
    )
    const written = createInfluxSeries({ url, token: 'tok' }).write([point(1)])
    if (refusal)
      await expect(written).rejects.toMatchObject({
        code: 'refused',
        message: expect.stringMatching(refusal) as string,
      })
    else await written
    expect(asked.filter(({ method, path }) => method === 'POST' && path === '/api/v2/dbrps')).toEqual([])
    expect(asked.some(({ path }) => path === '/api/v2/write')).toBe(!refusal)
  })

  it('sets points that are older than the bucket keeps aside as a number, the others are there', async () => {
    const message =
      'failure writing points to database: partial write: dropped 2 points outside retention policy of duration 720h0m0s'
    const { url, asked } = await serve(
      'v2.7.11',
      second(() => [422, { code: 'unprocessable entity', message }]),
    )
    const store = createInfluxSeries({ url, token: 'tok' })
    const outbox = createSeriesOutbox({ path: ':memory:', store, clock: systemClock })
    outbox.put([1, 2, 3, 4, 5].map(point))
    await outbox.flush()
    expect(outbox.state()).toMatchObject({ pending: 0, quarantined: 0, expired: 2 })
    expect(asked.filter(({ path }) => path === '/api/v2/write')).toHaveLength(1)
    await outbox.close()
  })

  it('takes 422 for "partly stored": the bad line is set aside with the reason, the others are there', async () => {
    const stored: string[] = []
    const { url } = await serve(
      'v2.7.11',
      second(({ body }) => {
        if (body.includes('w=3,'))
          return [
            422,
            {
              code: 'unprocessable entity',
              message:
                'failure writing points to database: partial write: field type conflict: input field "w" on measurement "power" is type float, already exists as type string dropped=1',
            },
          ]
        stored.push(...body.split('\n'))
        return [204, null]
      }),
    )
    const store = createInfluxSeries({ url, token: 'tok' })
    const outbox = createSeriesOutbox({ path: ':memory:', store, clock: systemClock })
    outbox.put([1, 2, 3, 4, 5].map(point))
    await outbox.flush()
    expect(new Set(stored).size).toBe(4)
    expect(outbox.quarantined(1)[0]).toMatchObject({
      point: point(3),
      reason: expect.stringMatching(/^field w of measurement power is string/) as string,
    })
    await outbox.close()
  })

  it.each([
    [401, { code: 'unauthorized', message: 'unauthorized access' }, 'refused', /refuses our token/],
    [429, { code: 'too many requests', message: 'rate limit' }, 'away', /overloaded/],
    [503, { code: 'unavailable', message: 'unavailable' }, 'away', /overloaded or starting/],
    [500, { code: 'internal error', message: 'write wal: no space left on device' }, 'away', /is full/],
    [
      413,
      { code: 'request too large', message: 'cannot read data: points batch is too large' },
      'too_large',
      /too large/,
    ],
  ])('says %i in plain words', async (status, body, code, words) => {
    const { url } = await serve(
      'v2.7.11',
      second(() => [status, body]),
    )
    const refused = createInfluxSeries({ url, token: 'tok' }).write([point(1)])
    await expect(refused).rejects.toMatchObject({ code, message: expect.stringMatching(words) as string })
  })

  it('asks for the organisation by name where there are several', async () => {
    const { url } = await serve('v2.7.11', ({ path }) =>
      path === '/api/v2/orgs'
        ? [
            200,
            {
              orgs: [
                { id: 'a', name: 'a' },
                { id: 'b', name: 'b' },
              ],
            },
          ]
        : [204, null],
    )
    await expect(createInfluxSeries({ url, token: 'tok' }).write([point(1)])).rejects.toThrow(
      /name one of its organisations/,
    )
  })
})

describe('InfluxDB 3 Core', () => {
  const third =
    (write: Answer) =>
    (asked: Asked): Answer => {
      if (asked.path === '/api/v3/configure/database') return [409, { error: 'the resource already exists' }]
      if (asked.path === '/api/v2/write') return write
      return [
        200,
        {
          results: [
            {
              statement_id: 0,
              series: [
                {
                  name: 'state',
                  columns: ['time', 'state', 'site', 'instrument'],
                  values: [[1_741_000_000_000, 'run', 'gz', 'sem-01']],
                },
              ],
            },
          ],
        },
      ]
    }

  it('makes no mapping, writes by the 2.x door and reads InfluxQL natively, tags as columns', async () => {
    const { url, asked } = await serve('3.0.1', third([204, null]))
    const store = createInfluxSeries({ url, token: 'apiv3_x' })
    await store.write([point(1)])
    expect(await store.latest()).toEqual([
      { key: 'gz/sem-01' as InstrumentKey, at: 1_741_000_000_000, state: 'run' },
    ])
    expect(asked.map(({ path }) => path)).toEqual([
      '/ping',
      '/api/v3/configure/database',
      '/api/v2/write',
      '/query',
    ])
    expect(JSON.parse(asked[1]!.body)).toEqual({ db: 'hours' })
    const kept = createInfluxSeries({ url, token: 'apiv3_x', retentionDays: 400 })
    await kept.setUp()
    expect(JSON.parse(asked.at(-1)!.body)).toEqual({ db: 'hours', retention_period: '400d' })
  })

  it('shows the reason of each line that 3 gives in `data`', async () => {
    const { url } = await serve(
      '3.0.1',
      third([
        400,
        {
          error: 'partial write of line protocol occurred',
          data: [
            {
              original_line: 'power,...',
              line_number: 1,
              error_message:
                "invalid column type for column 'w', expected iox::column_type::field::string, got iox::column_type::field::float",
            },
          ],
        },
      ]),
    )
    const outbox = createSeriesOutbox({
      path: ':memory:',
      store: createInfluxSeries({ url, token: 't' }),
      clock: systemClock,
    })
    outbox.put([point(1)])
    await outbox.flush()
    expect(outbox.quarantined(1)[0]?.reason).toMatch(/invalid column type for column 'w'/)
    await outbox.close()
  })
})
