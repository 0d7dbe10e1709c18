/**
 * Bodies of the API that `protocol/` does not describe yet, as this page reads them. All of them may be absent on a
 * server: the client then says `missing`, and the view says so.
 */

import type { ThresholdProposal, Thresholds, Usage } from '@hours/protocol'
import type { ListPlace } from './pager.tsx'

export interface Names {
  readonly en?: string | undefined
  readonly zh?: string | undefined
}

/** `GET /api/v1/organisations` */
export interface Organisation {
  readonly id: string
  readonly names: Names
  readonly parent: string | null
  readonly kind?: string | null
  readonly instruments?: number
}
export interface Organisations {
  readonly items: readonly Organisation[]
}

/** `GET /api/v1/week-hours?scope=&weeks=`: 168 sums each, ms; `counted` of `instruments` are in them so far. */
export interface WeekHours {
  readonly run: readonly number[]
  readonly known: readonly number[]
  readonly instruments: number
  readonly counted: number
}

/** `GET /api/v1/usage`: its rows summed over the scope. */
export interface UsageTotals {
  readonly totals: Usage['rows']
}

/** `GET /api/v1/health`; 503 with the same body when something is wrong. */
export interface Health {
  readonly ok: boolean
  readonly reasons?: readonly string[]
  readonly simulated?: boolean
  readonly software?: string
  readonly now?: number
  readonly log?: readonly { readonly origin: string; readonly size: number }[]
  readonly series?: {
    readonly pending?: number
    readonly oldest?: number | null
    readonly failing?: string | null
  } | null
}

/** `GET /api/v1/quality`, as far as this page reads it: durations in ms, energy in mWh. */
export interface Quality {
  readonly total: { readonly witnessed: number; readonly contradicted: number }
  readonly items: readonly QualityRow[]
}
interface Counted {
  readonly ours: number
  readonly theirs: number
}
export interface QualityRow {
  readonly instrument: string
  readonly names: Names
  readonly known: number
  readonly reported: number
  readonly witness: {
    readonly energy: Counted | null
    readonly on: Counted | null
    readonly run: Counted | null
    readonly differs: 'energy' | 'on' | 'run' | null
  } | null
  /** Stretches of unknown time; null where the period is too long to look for them in so many instruments. */
  readonly gaps:
    | readonly {
        readonly from: number
        readonly to: number
        readonly ms: number
        readonly why: 'no_page' | 'unsampled' | 'conflict' | 'void' | 'time' | 'clock'
      }[]
    | null
}

/** Bounds stand beside each figure (domain.md, D4); durations in ms, rates as fractions, money in fen. */
export interface Figure {
  readonly of: string
  readonly kpi: string
  readonly value: number | null
  readonly lower?: number | null
  readonly upper?: number | null
  readonly coverage?: number | null
  readonly grade?: string | null
  /** What a rate is over: `calendar`, `schedule`, `quota:1400` (hours a year), `effective`. */
  readonly denominator?: string | null
}

/** `GET /api/v1/figures?scope=&period=` */
export interface Figures {
  readonly scope: string
  readonly period: string
  readonly zone: string
  readonly ruleset?: { readonly id: string; readonly version?: string | number } | null
  readonly revision?: number | null
  readonly figures: readonly Figure[] | Readonly<Record<string, unknown>>
  /** The scopes one level below, for ranking and drill-down. */
  readonly members?: readonly {
    readonly of: string
    readonly names?: Names
    readonly figures: readonly Figure[] | Readonly<Record<string, unknown>>
  }[]
}

/** A page of a list, and the cursor of the one after it. */
export interface List<T> {
  readonly items: readonly T[]
  readonly next?: string | null
}

/** `GET /api/v1/sessions?instrument=&from=&to=` and `/bookings` */
export interface Booked {
  readonly id: string
  readonly from: number
  /** null = it still lasts. */
  readonly to: number | null
  readonly user: string
  readonly beneficiary: string | null
}

/** `GET /api/v1/reconciliation?period=&kind=&limit=&cursor=` */
export interface Issue {
  readonly kind: string
  readonly instrument: string
  readonly names?: Names
  readonly from: number
  readonly to: number
  readonly zone?: string
  readonly session?: string | null
  readonly user?: string | null
  /** ms claimed by people, and ms the sensors bear out. */
  readonly claimed?: number | null
  readonly verified?: number | null
  /** Of a claim: which hours. */
  readonly measure?: string | null
  /** What it comes to inside the period, ms. */
  readonly ms?: number
}
/** What does not match at a time of one instrument; claims are of whole periods. */
export type Finding = Pick<Issue, 'kind' | 'from' | 'to'>

/** Claimed beside verified of everything, an organisation or an instrument; ms. */
export interface ClaimSum {
  readonly of: string
  readonly measure: string
  readonly claimed: number
  readonly verified: number
  readonly difference: number
  /** What no unknown time can explain. */
  readonly unexplained: number
}
export interface Reconciliation extends ListPlace {
  readonly items: readonly Issue[]
  readonly claims?: readonly ClaimSum[]
  readonly counts?: Readonly<Record<string, number>>
}

/** `POST /api/v1/reports`, `GET /api/v1/reports/{id}` */
export interface ReportJob {
  readonly id: string
  readonly state: 'queued' | 'running' | 'done' | 'failed' | 'cancelled'
  readonly progress: { readonly done: number; readonly of: number }
  /** Where the file is, once it is done. */
  readonly file: string | null
  readonly name: string | null
  readonly problem: { readonly title: string } | null
}

/** `POST /api/v1/imports?dryRun=1`: each row's fate before anything is written. */
export interface ImportRow {
  readonly row: number
  /** Where it begins, as an editor counts. */
  readonly line?: number
  readonly fate: string
  readonly field?: string | null
  readonly value?: string | null
  readonly reason?: string | null
  readonly fix?: string | null
  /** What somebody should look at, though the row is taken. */
  readonly warnings?: readonly { readonly field?: string; readonly reason: string }[]
}
export interface ImportResult {
  readonly accepted: number
  readonly refused: number
  /** There already; with other values, for somebody else to approve. */
  readonly repeated?: number
  readonly corrections?: number
  /** Columns that mean nothing to the server. */
  readonly ignored?: readonly string[]
  readonly rows: readonly ImportRow[]
}

/** `GET /api/v1/channels` */
export interface Channel {
  readonly id: string
  readonly names?: Names
  readonly available?: number | null
  readonly complete?: number | null
}
export interface Channels {
  readonly items: readonly Channel[]
}

/** `GET /api/v1/me` */
export interface Me {
  readonly account: string
  readonly name: string
  readonly role: string
  readonly rights: readonly string[]
}

/** How power becomes states. */
export interface SensingLevels extends Debouncing {
  readonly thresholds: Thresholds
  readonly dwellMs: number
}
/** What goes with levels and has no field of its own on the page: hold, longest gap, plausible power. */
export interface Debouncing {
  readonly holdMs?: number | undefined
  readonly maxGapMs?: number | undefined
  readonly plausibleMw?: readonly [number, number] | undefined
}

/** `GET /api/v1/instruments/{site}/{instrument}/settings`: what is in force, and what the gateway proposes. */
export interface InstrumentSensing {
  readonly revision: number
  /** null = only the gateway's own file says. */
  readonly settings: SensingLevels | null
  /** What that file says, told while no record is in force. */
  readonly own: SensingLevels | null
  /** What a newer revision puts in force at its date (Unix ms). */
  readonly waiting: { readonly from: number; readonly settings: SensingLevels | null } | null
  readonly proposal: ThresholdProposal | null
}
