import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog'

/** uid of the data source that provisioning makes and every panel reads. */
export const datasourceUid = 'hours-influx'
export const datasource = { type: 'influxdb', uid: datasourceUid } as const

/** A raw InfluxQL query as Grafana's InfluxDB data source keeps it. */
export interface InfluxQuery {
  readonly refId: string
  readonly datasource: typeof datasource
  readonly query: string
  readonly rawQuery: true
  readonly resultFormat: 'time_series' | 'table'
  readonly alias?: string
}

/** The foundation SDK has no query class for InfluxDB; this is one. */
export function influxQuery(
  refId: string,
  query: string,
  options: { format?: InfluxQuery['resultFormat']; alias?: string } = {},
): Builder<Dataquery> {
  const built: InfluxQuery = {
    refId,
    datasource,
    query,
    rawQuery: true,
    resultFormat: options.format ?? 'time_series',
    ...(options.alias === undefined ? {} : { alias: options.alias }),
  }
  // The SDK marks queries of its own with a method that never reaches the JSON.
  return { build: () => built as unknown as Dataquery }
}
