import { BucketsAPI, DbrpsAPI, OrgsAPI } from '@influxdata/influxdb-client-apis'
import { InfluxDB } from '@influxdata/influxdb-client'
import type { Generation } from './influx-generation.ts'
import { authorization, type InfluxTarget } from './influx-options.ts'
import type { InfluxQuery } from './influx-query.ts'
import { influxError } from './influx-reason.ts'
import { measurementNames, measurements } from './measurements.ts'
import { SeriesError } from './series-error.ts'

const daySeconds = 86_400
/** 12 times faster than 7 days for a year of daily figures (stores.md, measured). */
const shardDays = 364

/**
 * Makes what is absent: the database (1.x, 3), or the bucket and its DBRP mapping (2.x). Changes nothing that is there.
 * Resolves to the organisation to write as; only 2.x has one.
 */
export async function setUpInflux(
  target: InfluxTarget,
  generation: Generation,
  query: InfluxQuery,
): Promise<string> {
  if (generation === 2) return setUpSecond(target)
  await (generation === 1 ? setUpFirst(target, query) : setUpThird(target))
  return ''
}

async function setUpFirst({ database, retentionDays }: InfluxTarget, query: InfluxQuery): Promise<void> {
  const known = await query('SHOW DATABASES')
  if (known.some(({ name }) => name === database)) return
  const duration = retentionDays === undefined ? 'INF' : `${retentionDays}d`
  const shard = retentionDays === undefined ? shardDays : Math.min(shardDays, retentionDays)
  await query(
    `CREATE DATABASE ${quoted(database)} WITH DURATION ${duration} SHARD DURATION ${shard}d NAME "hours"`,
  )
}

async function setUpSecond(target: InfluxTarget): Promise<string> {
  const { url, token = '', database, retentionDays, timeoutMs } = target
  const client = new InfluxDB({ url, token, timeout: timeoutMs })
  try {
    const { id: org, name } = await organisationOf(client, target)
    const found = await new BucketsAPI(client).getBuckets({ name: database, orgID: org }).catch(absent)
    const bucket = found?.buckets?.[0] ?? (await makeBucket())
    const mappings = await new DbrpsAPI(client).getDBRPs({ db: database, orgID: org })
    // 2.x answers InfluxQL only for a database that is mapped to a bucket.
    const known = mappings.content?.filter((one) => one.database === database) ?? []
    if (known.some((one) => one.bucketID === bucket.id && one.default)) return name
    const [other] = known
    if (other) throw mappedElsewhere(target, other.bucketID)
    await new DbrpsAPI(client).postDBRP({
      body: {
        bucketID: bucket.id ?? '',
        database,
        retention_policy: 'hours',
        default: true,
        orgID: org,
      },
    })
    return name

    function makeBucket() {
      return new BucketsAPI(client).postBuckets({
        body: {
          orgID: org,
          name: database,
          retentionRules: [
            {
              type: 'expire',
              everySeconds: (retentionDays ?? 0) * daySeconds,
              shardGroupDurationSeconds: Math.min(shardDays, retentionDays ?? shardDays) * daySeconds,
            },
          ],
        },
      })
    }
  } catch (cause) {
    if (cause instanceof SeriesError) throw cause
    const { statusCode, body } = cause as { statusCode?: number; body?: string }
    throw influxError({ url, status: statusCode, body, cause })
  }
}

/** What is written to our bucket would not be what Grafana reads. */
const mappedElsewhere = ({ url, database }: InfluxTarget, bucket: string | undefined): SeriesError =>
  new SeriesError(
    'refused',
    `InfluxDB at ${url} maps database ${database} to another bucket (${bucket ?? 'unnamed'}), or not by default: what we write there nobody would read. Fix: remove that mapping (influx v1 dbrp delete), or name another database. Points wait.`,
  )

/** 2.x answers 404 to the name of a bucket that is not there. */
function absent(error: unknown): undefined {
  if ((error as { statusCode?: number }).statusCode === 404) return undefined
  throw error
}

async function organisationOf(
  client: InfluxDB,
  { organisation, url }: InfluxTarget,
): Promise<{ id: string; name: string }> {
  const { orgs = [] } = await new OrgsAPI(client).getOrgs(
    organisation === undefined ? {} : { org: organisation },
  )
  const [only] = orgs
  if (only?.id === undefined || (organisation === undefined && orgs.length > 1))
    throw influxError({
      url,
      status: 404,
      body: organisation === undefined ? 'name one of its organisations' : `no organisation ${organisation}`,
    })
  return { id: only.id, name: only.name }
}

async function setUpThird(target: InfluxTarget): Promise<void> {
  const { url, database, timeoutMs, retentionDays } = target
  const answer = await fetch(`${url}/api/v3/configure/database`, {
    method: 'POST',
    headers: { ...authorization(target), 'content-type': 'application/json' },
    body: JSON.stringify({
      db: database,
      ...(retentionDays === undefined ? {} : { retention_period: `${retentionDays}d` }),
    }),
    signal: AbortSignal.timeout(timeoutMs),
  }).catch((cause: unknown) => {
    throw influxError({ url, cause })
  })
  const body = await answer.text()
  // Made before, by us or by hand; a 3 that has no such route makes it at the first write.
  if (answer.ok || answer.status === 409 || answer.status === 404 || /already exists/i.test(body)) return
  throw influxError({ url, status: answer.status, body })
}

/** What somebody else has in this database: foreign measurements, and fields of ours in another type; in plain words. */
export async function foreignIn({ database }: InfluxTarget, query: InfluxQuery): Promise<string[]> {
  const rows = await query('SHOW MEASUREMENTS')
  const names = rows.map(({ name }) => String(name))
  const ours = new Set<string>(measurementNames)
  const foreign = names
    .filter((name) => !ours.has(name))
    .map((name) => `database ${database} holds measurement "${name}", which is not ours`)
  const conflicts = await Promise.all(
    measurementNames.filter((name) => names.includes(name)).map(async (name) => fieldConflicts(name, query)),
  )
  return [...foreign, ...conflicts.flat()]
}

const typeNames = { i: 'integer', f: 'float', s: 'string' } as const

async function fieldConflicts(
  name: (typeof measurementNames)[number],
  query: InfluxQuery,
): Promise<string[]> {
  const fields = measurements[name].fields
  const rows = await query(`SHOW FIELD KEYS FROM ${quoted(name)}`)
  return rows.flatMap(({ fieldKey, fieldType }) => {
    const wanted = fields[String(fieldKey)]
    if (wanted === undefined)
      return [`measurement ${name} has a field "${String(fieldKey)}", which is not ours`]
    if (typeNames[wanted] === fieldType) return []
    return [
      `field ${String(fieldKey)} of ${name} is ${String(fieldType)} there and ${typeNames[wanted]} here`,
    ]
  })
}

export const quoted = (name: string): string => `"${name.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
