import type { Language } from './texts.ts'

/** An organisation of the choice at the top of the fleet: its instruments' ids. */
export interface OrganisationChoice {
  readonly name: string
  readonly instruments: readonly string[]
}

/** What differs from one installation to the next. */
export interface DashboardOptions {
  readonly language: Language
  /** IANA zone that days are cut by; that of the sites. */
  readonly zone: string
  /** Where the built-in page is, for links from instruments; absent = no such link. */
  readonly pageUrl?: string
  readonly organisations: readonly OrganisationChoice[]
  /** Ids of instruments that run for weeks (magnets, vacuum): no alert for that. */
  readonly alwaysOn: readonly string[]
  /** W above which an instrument that says off cannot be off. */
  readonly runWatts: number
  /** The demo's data is marked in every title. */
  readonly simulated: boolean
  /** Where Grafana finds InfluxDB, and which database it reads. */
  readonly influxUrl: string
  readonly database: string
}

export const defaultOptions: DashboardOptions = {
  language: 'both',
  zone: 'Asia/Shanghai',
  organisations: [],
  alwaysOn: [],
  runWatts: 100,
  simulated: false,
  influxUrl: 'http://localhost:8086',
  database: 'hours',
}
