import { z } from 'zod'
import { alertGroup, alertRules, folderUid } from './alerts.ts'
import { dashboardsOf, datasourceOf, folderTitle, secretOf } from './emit.ts'
import { createGrafanaClient, type GrafanaClient, GrafanaError } from './grafana-client.ts'
import { datasourceUid } from './influxql-query.ts'
import { type DashboardOptions, defaultOptions } from './options.ts'

export interface PushOptions extends Partial<DashboardOptions> {
  /** Grafana's address and the token of a service account. */
  readonly url: string
  readonly token: string
  /** Token of InfluxDB, or the password of `influxUser`: goes into the data source, where Grafana keeps it encrypted. */
  readonly influxSecret?: string
}

/** What was done, in the order it was done; the same again changes nothing. */
export interface Pushed {
  readonly version: string
  readonly done: readonly string[]
}

const Health = z.object({ version: z.string().optional(), database: z.string().optional() })
const Any = z.unknown()
const Datasource = z.object({ readOnly: z.boolean().optional() })
const Saved = z.object({ uid: z.string(), url: z.string(), version: z.number() })

/** Brings folder, data source, dashboards and alerts to a running Grafana; fixed uids make it idempotent. */
export async function pushDashboards({ url, token, influxSecret, ...more }: PushOptions): Promise<Pushed> {
  const options = { ...defaultOptions, ...more }
  const client = createGrafanaClient({ url, token })
  const { version = 'unknown' } = await client.ask({ path: '/api/health', answer: Health })
  const done: string[] = []
  if (await putFolder(client)) done.push(`folder ${folderTitle}`)
  done.push(await putDatasource(client, options, influxSecret))
  for (const dashboard of Object.values(dashboardsOf(options))) {
    const saved = await again(() =>
      client.ask({
        method: 'POST',
        path: '/api/dashboards/db',
        body: {
          dashboard: { ...dashboard, id: null },
          folderUid,
          overwrite: true,
          message: 'Instrument Hours',
        },
        answer: Saved,
      }),
    )
    done.push(`dashboard ${saved.uid}`)
  }
  await client.ask({
    method: 'PUT',
    path: `/api/v1/provisioning/folder/${folderUid}/rule-groups/${alertGroup}`,
    // Without this header Grafana locks the rules against its own pages.
    headers: { 'x-disable-provenance': 'true' },
    body: alertRules(options),
    answer: Any,
  })
  done.push(`alerts ${alertGroup}`)
  return { version, done }
}

/** True when it was not there. */
async function putFolder(client: GrafanaClient): Promise<boolean> {
  const there = await client.ask({ path: `/api/folders/${folderUid}`, answer: Any, absent: true })
  if (there !== undefined) return false
  await client.ask({
    method: 'POST',
    path: '/api/folders',
    body: { uid: folderUid, title: folderTitle },
    answer: Any,
  })
  return true
}

/** What was done to it, in words; one that a file made cannot be changed over HTTP. */
async function putDatasource(
  client: GrafanaClient,
  options: DashboardOptions,
  influxSecret: string | undefined,
): Promise<string> {
  const path = `/api/datasources/uid/${datasourceUid}`
  const there = await client.ask({ path, answer: Datasource, absent: true })
  if (there?.readOnly === true) return `data source ${datasourceUid} is of a provisioning file: left as it is`
  const body = {
    ...datasourceOf(options),
    ...(influxSecret === undefined ? {} : { secureJsonData: secretOf(options, influxSecret) }),
  }
  if (there === undefined) await client.ask({ method: 'POST', path: '/api/datasources', body, answer: Any })
  else await client.ask({ method: 'PUT', path, body, answer: Any })
  return `data source ${datasourceUid}`
}

/** 412: somebody saved it between our look and our write; `overwrite` holds at the second try. */
async function again<T>(task: () => Promise<T>, tries = 3): Promise<T> {
  try {
    return await task()
  } catch (error) {
    if (tries > 1 && error instanceof GrafanaError && error.status === 412) return again(task, tries - 1)
    throw error
  }
}
