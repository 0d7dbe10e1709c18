import { accept, type Decoded, refuse } from './decoded.ts'
import { GatewayId, InstrumentId, SiteId } from './ids.ts'

/** Root of every topic; the number is the wire version (wire.md, section 2). */
export const topicRoot = 'hours/1'

/** What a gateway sends up and what it is sent down, by the last word of the topic. */
export type TopicKind = 'page' | 'power' | 'state' | 'status' | 'receipt' | 'config'

/** A topic taken apart; `instrument` is there for `state` alone. */
export interface Topic {
  readonly site: SiteId
  readonly gateway: GatewayId
  readonly kind: TopicKind
  readonly instrument?: InstrumentId
}

const base = (site: SiteId, gateway: GatewayId) => `${topicRoot}/${site}/${gateway}`

export const pageTopic = (site: SiteId, gateway: GatewayId) => `${base(site, gateway)}/page`
export const receiptTopic = (site: SiteId, gateway: GatewayId) => `${base(site, gateway)}/receipt`
export const powerTopic = (site: SiteId, gateway: GatewayId) => `${base(site, gateway)}/power`
export const statusTopic = (site: SiteId, gateway: GatewayId) => `${base(site, gateway)}/status`
export const configTopic = (site: SiteId, gateway: GatewayId) => `${base(site, gateway)}/config`
export const stateTopic = (site: SiteId, gateway: GatewayId, instrument: InstrumentId) =>
  `${base(site, gateway)}/state/${instrument}`

/** The filter ingest subscribes to on an external broker, for one site or for all. */
export const ingestFilter = (site?: SiteId) => `${topicRoot}/${site ?? '+'}/+/#`

const flat = new Set<string>(['page', 'power', 'status', 'receipt', 'config'])

/** Takes a topic apart segment by segment; never by prefix, never by a pattern built from ids. */
export function parseTopic(topic: string): Decoded<Topic, 'bad_topic'> {
  const [root, version, site, gateway, kind, instrument, ...rest] = topic.split('/')
  if (`${root}/${version}` !== topicRoot)
    return refuse('bad_topic', `"${cut(topic)}" does not begin with ${topicRoot}/`)
  const s = SiteId.safeParse(site)
  const g = GatewayId.safeParse(gateway)
  if (!s.success) return refuse('bad_topic', `"${cut(topic)}": "${cut(site ?? '')}" is not a site id`)
  if (!g.success) return refuse('bad_topic', `"${cut(topic)}": "${cut(gateway ?? '')}" is not a gateway id`)
  if (kind !== undefined && flat.has(kind) && instrument === undefined)
    return accept({ site: s.data, gateway: g.data, kind: kind as TopicKind })
  const i = InstrumentId.safeParse(instrument)
  if (kind === 'state' && i.success && rest.length === 0)
    return accept({ site: s.data, gateway: g.data, kind, instrument: i.data })
  return refuse(
    'bad_topic',
    `"${cut(topic)}" is none of page, power, status, state/{instrument}, receipt, config`,
  )
}

const cut = (text: string) => text.slice(0, 120)
