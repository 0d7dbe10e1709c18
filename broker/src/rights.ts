import { GatewayId, ingestFilter, InstrumentId, parseTopic, SiteId, topicRoot } from '@hours/protocol'

/** Who a connection is (wire.md, section 2). */
export type Identity =
  | { readonly kind: 'gateway'; readonly site: SiteId; readonly gateway: GatewayId }
  /** May only look at live states and status of some sites. */
  | { readonly kind: 'reader'; readonly id: string; readonly sites: readonly SiteId[] }
  /** An ingest in another process: hears all of its sites, sends receipts and configurations down. */
  | { readonly kind: 'ingest'; readonly id: string; readonly sites: readonly SiteId[] | 'all' }

/** Why something is not allowed; undefined = it is. */
export type Refusal = string | undefined

const up = new Set(['page', 'power', 'state', 'status'])
const down = new Set(['receipt', 'config'])
const show = (text: string) => `"${text.slice(0, 100)}"`

/** Whether `who` may publish to `topic`: a gateway its own four, ingest receipts and configurations, a reader nothing. */
export function publishRefusal(who: Identity, topic: string): Refusal {
  if (who.kind === 'reader') return 'a reader publishes nothing'
  const parsed = parseTopic(topic)
  if (!parsed.ok) return parsed.error.message
  const { site, gateway, kind } = parsed.value
  if (who.kind === 'ingest') {
    if (!grants(who.sites, site)) return `${who.id} does not serve site ${site}`
    return down.has(kind) ? undefined : `"${kind}" is sent up by gateways, not down`
  }
  if (site !== who.site || gateway !== who.gateway)
    return `${who.gateway} publishes below ${topicRoot}/${who.site}/${who.gateway} only, not ${show(topic)}`
  return up.has(kind) ? undefined : `"${kind}" is sent down to gateways, not up`
}

/** A will may only say that coverage is lost: the gateway's own status. */
export function willRefusal(who: Identity, topic: string): Refusal {
  if (who.kind !== 'gateway') return 'only a gateway has a will'
  const refused = publishRefusal(who, topic)
  if (refused !== undefined) return refused
  return topic.endsWith('/status') ? undefined : 'a will goes to the own status topic only'
}

/** Whether `who` may subscribe to `filter`, compared segment by segment. */
export function subscribeRefusal(who: Identity, filter: string): Refusal {
  if (filter.startsWith('$'))
    return 'filters that begin with $ are refused ($share is granted and never delivered)'
  if (who.kind === 'gateway') return gatewayFilter(who, filter)
  return who.kind === 'reader' ? readerFilter(who, filter) : ingestFilterRefusal(who, filter)
}

function gatewayFilter(who: Identity & { kind: 'gateway' }, filter: string): Refusal {
  if (/[+#]/.test(filter)) return 'a gateway names its topics in full, without + or #'
  const parsed = parseTopic(filter)
  if (!parsed.ok) return parsed.error.message
  const { site, gateway, kind } = parsed.value
  const own = site === who.site && gateway === who.gateway
  return own && down.has(kind) ? undefined : `${who.gateway} subscribes to its own receipt and config only`
}

/** `hours/1/{site}/{gateway or +}/state/{instrument or +}` or `.../status` of a granted site. */
function readerFilter(who: Identity & { kind: 'reader' }, filter: string): Refusal {
  const [root, version, site, gateway, kind, instrument, ...rest] = filter.split('/')
  const refused = `${who.id} may read state/+ and status of ${who.sites.join(', ') || 'no site'}`
  if (`${root}/${version}` !== topicRoot || rest.length > 0) return refused
  if (!who.sites.some((granted) => granted === site) || !plusOr(GatewayId, gateway)) return refused
  if (kind === 'status' && instrument === undefined) return undefined
  return kind === 'state' && plusOr(InstrumentId, instrument) ? undefined : refused
}

function ingestFilterRefusal(who: Identity & { kind: 'ingest' }, filter: string): Refusal {
  const allowed = who.sites === 'all' ? undefined : who.sites.map((site) => ingestFilter(site))
  if (allowed)
    return allowed.includes(filter) ? undefined : `${who.id} subscribes to ${allowed.join(', ')} only`
  const site = SiteId.safeParse(filter.split('/')[2])
  const whole = filter === ingestFilter() || (site.success && filter === ingestFilter(site.data))
  return whole ? undefined : `${who.id} subscribes to ${ingestFilter()} or to that of one site`
}

const plusOr = (id: { safeParse(value: unknown): { success: boolean } }, segment: string | undefined) =>
  segment === '+' || id.safeParse(segment).success

const grants = (sites: readonly SiteId[] | 'all', site: SiteId) => sites === 'all' || sites.includes(site)
