import type { ChannelId, RecordBody, RecordOf } from '@hours/protocol'
import type { ChannelSettings, PageSettings } from './channel-settings.ts'
import { type IncidentKind, incidentKindOf, type ProbeResult, shownUrl } from './probe-result.ts'

export type Incident = RecordOf<'incident'>
export type IncidentBody = RecordBody<'incident'>

/** Incidents as they stand: a later record of the same id closes the earlier one. Oldest first. */
export function standingIncidents<T extends Pick<Incident, 'id' | 'from'>>(records: readonly T[]): T[] {
  const byId = new Map(records.map((one) => [one.id, one]))
  return [...byId.values()].sort((a, b) => a.from - b.from || (a.id < b.id ? -1 : 1))
}

const kinds = ['page_dead', 'page_slow', 'certificate', 'information_missing'] as const

const prefixOf = (channel: ChannelId, page: string, kind: IncidentKind) => `${channel}.${page}.${kind}.`

/**
 * What the last results of one page change: an incident opens when `openAfter` probes in a row had a fault of its kind,
 * and then from the first of them; it closes when `closeAfter` in a row had none, and then at the first of these. In
 * between, the page is neither: one bad probe opens nothing, one good one closes nothing. `recent` oldest first.
 */
export function incidentChanges(options: {
  readonly channel: ChannelSettings
  readonly page: PageSettings
  readonly recent: readonly ProbeResult[]
  /** Incidents of the channel without an end. */
  readonly open: readonly Incident[]
}): IncidentBody[] {
  const { channel, page, recent, open } = options
  return kinds.flatMap((kind): IncidentBody[] => {
    const prefix = prefixOf(channel.id, page.id, kind)
    const standing = open.find(({ id }) => id.startsWith(prefix))
    const has = (one: ProbeResult) => one.faults.some(({ reason }) => incidentKindOf(reason) === kind)
    // While the page is dead nobody knows whether it would be slow or incomplete.
    const tells = (one: ProbeResult) => kind === 'page_dead' || one.ok || has(one)
    const telling = recent.filter(tells)
    if (standing) {
      const good = tail(telling, (one) => !has(one))
      const [first] = good
      if (!first || good.length < channel.closeAfter) return []
      const { v: _v, stream: _stream, seq: _seq, prev: _prev, ...body } = standing
      const evidence = `${body.evidence ?? ''} | ${good.length} probes without it from ${iso(first.at)}, last in ${good.at(-1)?.latencyMs ?? 0} ms`
      return [{ ...body, to: Math.max(first.at, body.from), evidence: evidence.slice(0, 500) }]
    }
    const bad = tail(telling, has)
    const [first] = bad
    if (!first || bad.length < channel.openAfter) return []
    return [
      {
        id: `${prefix}${first.at}`,
        channel: channel.id,
        kind,
        owner: channel.owner,
        from: first.at,
        evidence: evidenceOf(page, bad, kind),
        actor: 'probe',
      },
    ]
  })
}

function evidenceOf(page: PageSettings, bad: readonly ProbeResult[], kind: IncidentKind): string {
  const seen = new Set(
    bad.flatMap(({ faults }) =>
      faults
        .filter(({ reason }) => incidentKindOf(reason) === kind)
        .map(({ reason, detail }) => `${reason} (${detail})`),
    ),
  )
  return `${shownUrl(page.url)}: ${bad.length} probes in a row from ${iso(bad[0]?.at ?? 0)} to ${iso(bad.at(-1)?.at ?? 0)}: ${[...seen].join(', ')}`.slice(
    0,
    400,
  )
}

const iso = (at: number) => new Date(at).toISOString()

function tail<T>(list: readonly T[], holds: (one: T) => boolean): T[] {
  const last = list.findLastIndex((one) => !holds(one))
  return list.slice(last + 1)
}
