import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { alertRules } from './alerts.ts'
import type { ClassicDashboard } from './classic.ts'
import { datasourceUid } from './influxql-query.ts'
import { fleetDashboard } from './fleet-dashboard.ts'
import { gatewaysDashboard } from './gateways-dashboard.ts'
import { instrumentDashboard } from './instrument-dashboard.ts'
import { type DashboardOptions, defaultOptions } from './options.ts'
import { regulatorDashboard } from './regulator-dashboard.ts'

export const folderTitle = 'Instrument Hours'

/** All four, by the name of their file. */
export const dashboardsOf = (options: DashboardOptions): Readonly<Record<string, ClassicDashboard>> => ({
  fleet: fleetDashboard(options),
  instrument: instrumentDashboard(options),
  gateways: gatewaysDashboard(options),
  regulator: regulatorDashboard(options),
})

/**
 * The data source: InfluxQL against a database of 1.x or 3, or a bucket of 2.x through its DBRP mapping. Queries go by
 * POST: a choice of many instruments is longer than an address may be.
 */
export const datasourceOf = ({ influxUrl, database, influxUser }: DashboardOptions) => ({
  name: 'Instrument Hours',
  uid: datasourceUid,
  type: 'influxdb',
  access: 'proxy',
  url: influxUrl,
  ...(influxUser === undefined ? {} : { basicAuth: true, basicAuthUser: influxUser }),
  jsonData: {
    version: 'InfluxQL',
    dbName: database,
    httpMode: 'POST',
    ...(influxUser === undefined ? { httpHeaderName1: 'Authorization' } : {}),
  },
})

/** What Grafana keeps encrypted: the password of 1.x with a user, else the token. */
export const secretOf = (
  { influxUser }: Pick<DashboardOptions, 'influxUser'>,
  secret: string,
): Readonly<Record<string, string>> =>
  influxUser === undefined ? { httpHeaderValue1: `Token ${secret}` } : { basicAuthPassword: secret }

/**
 * Every file of the provisioning folder, by path: Grafana reads JSON wherever it reads YAML. Token or password come from
 * the environment of Grafana (`INFLUX_TOKEN`, `INFLUX_PASSWORD`), never from a file of ours.
 */
export function provisioningFiles(options: DashboardOptions, dashboardsPath: string): Map<string, string> {
  const files = new Map<string, string>()
  const put = (path: string, body: unknown) => files.set(path, `${JSON.stringify(body, null, 2)}\n`)
  for (const [name, dashboard] of Object.entries(dashboardsOf(options)))
    put(`dashboards/${name}.json`, dashboard)
  put('provisioning/dashboards/instrument-hours.yaml', {
    apiVersion: 1,
    providers: [
      {
        name: 'instrument-hours',
        folder: folderTitle,
        folderUid: 'instrument-hours',
        type: 'file',
        disableDeletion: true,
        allowUiUpdates: false,
        options: { path: dashboardsPath },
      },
    ],
  })
  put('provisioning/datasources/instrument-hours.yaml', {
    apiVersion: 1,
    datasources: [
      {
        ...datasourceOf(options),
        orgId: 1,
        editable: false,
        secureJsonData: secretOf(
          options,
          options.influxUser === undefined ? '$INFLUX_TOKEN' : '$INFLUX_PASSWORD',
        ),
      },
    ],
  })
  const { title, interval, rules } = alertRules(options)
  put('provisioning/alerting/instrument-hours.yaml', {
    apiVersion: 1,
    groups: [{ orgId: 1, name: title, folder: folderTitle, interval: `${interval ?? 60}s`, rules }],
  })
  return files
}

/** Writes `dashboards/` and `provisioning/` below `dir`; what is there of ours is overwritten. Returns their paths. */
export function emitDashboards(
  dir: string,
  options: Partial<DashboardOptions> & { readonly dashboardsPath?: string } = {},
): readonly string[] {
  const { dashboardsPath = '/var/lib/grafana/dashboards/instrument-hours', ...more } = options
  const files = provisioningFiles({ ...defaultOptions, ...more }, dashboardsPath)
  for (const [path, text] of files) {
    const file = join(dir, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  return [...files.keys()]
}
