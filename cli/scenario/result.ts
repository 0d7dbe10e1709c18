import type { RunningIngest } from '@hours/ingest'
import type { FigureLine } from '@hours/usage'
import type { Quoted, SurveyChannel } from './survey.ts'

/** What `GET /figures` answers of a scope, as much as the table is made of. */
interface Answer {
  readonly figures: readonly FigureLine[]
  readonly kinds: readonly { readonly kind: string | null; readonly sets: number }[]
}

/** What is known of a channel's booking page: probes, and the incidents that followed from them. */
export interface PageStanding {
  readonly available: number | null
  readonly probed: number
  readonly incidents: readonly {
    readonly kind: string
    readonly owner: string
    readonly from: number
    readonly to: number | null
    readonly evidence: string | null
  }[]
}

/** A statement of the survey with the figure of the product beside it; `not` where there is none, and why. */
export type Beside = Pick<Quoted, 'what' | 'says'> &
  (
    | { readonly figure: FigureLine }
    | { readonly kinds: number }
    | { readonly page: PageStanding }
    | { readonly not: string }
  )

/** A channel of the table: what the API says of everything that it lists, each instrument once. */
export interface ChannelResult {
  readonly id: string
  readonly name: string
  readonly figures: Readonly<Record<string, FigureLine>>
  readonly survey: readonly Beside[]
  /** Sessions that came through the channel, whose they were, and whether it was ever a beneficiary itself. */
  readonly told: { readonly sessions: number; readonly beneficiaries: readonly string[] }
  /** Allocations of computing time, and those of them with who approved it, when, and the hash of the paper. */
  readonly requests: { readonly allocations: number; readonly approved: number }
}

/** Asks the API; throws what it answers instead. */
export type Ask = <T>(path: string) => Promise<T>

/** Everything of one channel over `period`, by the API; what came through it, by the log's records. */
export async function channelResult(
  ask: Ask,
  ingest: RunningIngest,
  { channel, period }: { channel: SurveyChannel; period: string },
): Promise<ChannelResult> {
  const { id, en, zh } = channel
  const answer = await ask<Answer>(`figures?scope=channel:${id}&period=${period}&members=0`)
  const figures = bounded(Object.fromEntries(answer.figures.map((line) => [line.kpi, line])))
  const isQuoted = channel.quoted.some((one) => 'of' in one && one.of === 'page')
  const page = isQuoted ? await pageOf(ask, id) : undefined
  const sessions = ingest.registry
    .records('session')
    .filter(({ record }) => record.externalIds.some((one) => one.channel === id))
  const allocations = ingest.registry.records('compute').filter(({ record }) => record.stream === `s-${id}`)
  return {
    id,
    name: `${en} ${zh}`,
    figures,
    survey: channel.quoted.map((one) => beside(one, { figures, kinds: answer.kinds.length, page })),
    told: {
      sessions: sessions.length,
      beneficiaries: [...new Set(sessions.map(({ record }) => record.beneficiary))].sort(),
    },
    requests: {
      allocations: allocations.length,
      approved: allocations.filter(({ record }) => record.approval?.sha256 !== undefined).length,
    },
  }
}

/** Unknown time may have been on: so a mean of on-hours has an upper bound, which the survey's figure is held against. */
function bounded(figures: Record<string, FigureLine>): Record<string, FigureLine> {
  const { meanOnPerSet: mean, on, sets } = figures
  if (!mean || !on || !sets?.value) return figures
  return { ...figures, meanOnPerSet: { ...mean, upper: on.upper === null ? null : on.upper / sets.value } }
}

async function pageOf(ask: Ask, id: string): Promise<PageStanding> {
  const { available, probed } = await ask<Omit<PageStanding, 'incidents'>>(`channels/${id}`)
  const { items } = await ask<{ items: PageStanding['incidents'] }>(`channels/${id}/incidents`)
  return { available, probed, incidents: items }
}

function beside(
  { what, says, ...quoted }: Quoted,
  found: {
    readonly figures: ChannelResult['figures']
    readonly kinds: number
    readonly page: PageStanding | undefined
  },
): Beside {
  if ('not' in quoted) return { what, says, not: quoted.not }
  if ('of' in quoted) {
    if (quoted.of === 'kinds') return { what, says, kinds: found.kinds }
    return found.page ? { what, says, page: found.page } : { what, says, not: 'nobody probed it' }
  }
  const figure = found.figures[quoted.kpi]
  return figure ? { what, says, figure } : { what, says, not: `there is no figure ${quoted.kpi}` }
}
