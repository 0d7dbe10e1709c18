import type { Language } from './texts.ts'

/** An organisation of the choice at the top of the fleet; ids are one within their site alone. */
export interface OrganisationChoice {
  readonly name: string
  /** Sites of which every instrument is its own. */
  readonly sites: readonly string[]
  /** Its instruments at other sites, as `site/instrument`. */
  readonly instruments: readonly string[]
}

/** What differs from one installation to the next. */
export interface DashboardOptions {
  readonly language: Language
  /** IANA zone that days are cut by; that of the sites. */
  readonly zone: string
  /**
   * Where the built-in page is, for links; absent = no such link. A path alone, such as `/page`, is looked for below
   * Grafana's own root.
   */
  readonly pageUrl?: string
  readonly organisations: readonly OrganisationChoice[]
  /** Instruments that run for weeks (magnets, vacuum), as `site/instrument`: no alert for that. */
  readonly alwaysOn: readonly string[]
  /** W above which an instrument (`site/instrument`) that says off cannot be off: where its own run threshold lies. */
  readonly runThresholds: Readonly<Record<string, number>>
  /** The same of one whose threshold is not known. */
  readonly runWatts: number
  /** The demo's data is marked in every title. */
  readonly simulated: boolean
  /** Where Grafana finds InfluxDB, and which database it reads. */
  readonly influxUrl: string
  readonly database: string
  /** Who Grafana is to InfluxDB 1.x with authentication; absent = it shows a token. */
  readonly influxUser?: string
}

export const defaultOptions: DashboardOptions = {
  language: 'both',
  zone: 'Asia/Shanghai',
  organisations: [],
  alwaysOn: [],
  runThresholds: {},
  runWatts: 100,
  simulated: false,
  influxUrl: 'http://localhost:8086',
  database: 'hours',
}
