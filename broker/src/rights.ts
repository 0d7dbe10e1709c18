import { type GatewayId, parseTopic, type SiteId, SiteId as Site, topicRoot } from '@hours/protocol'

/** Who a connection is: a gateway of one site, or somebody who may only look at live states of some sites. */
export type Identity =
  | { readonly kind: 'gateway'; readonly site: SiteId; readonly gateway: GatewayId }
  | { readonly kind: 'reader'; readonly id: string; readonly sites: readonly SiteId[] }

/** Why something is not allowed; undefined = it is. */
export type Refusal = string | undefined

const up = new Set(['page', 'power', 'state', 'status'])
const down = new Set(['receipt', 'config'])

/** Whether `who` may publish to `topic` (wire.md, section 2): a gateway its own four, nobody anything else. */
export function publishRefusal(who: Identity, topic: string): Refusal {
  if (who.kind === 'reader') return 'a reader publishes nothing'
  const parsed = parseTopic(topic)
  if (!parsed.ok) return parsed.error.message
  const { site, gateway, kind } = parsed.value
  if (site !== who.site || gateway !== who.gateway)
    return `${who.gateway} publishes below ${topicRoot}/${who.site}/${who.gateway} only, not "${topic.slice(0, 100)}"`
  return up.has(kind) ? undefined : `"${kind}" is sent down to gateways, not up`
}

/** A will may only say that coverage is lost: the gateway's own status. */
export function willRefusal(who: Identity, topic: string): Refusal {
  const refused = publishRefusal(who, topic)
  if (refused !== undefined) return refused
  return topic.endsWith('/status') ? undefined : 'a will goes to the own status topic only'
}

/** Whether `who` may subscribe to `filter`, compared segment by segment. */
export function subscribeRefusal(who: Identity, filter: string): Refusal {
  if (filter.startsWith('$'))
    return 'filters that begin with $ are refused ($share is granted and never delivered)'
  return who.kind === 'gateway' ? gatewayFilter(who, filter) : readerFilter(who, filter)
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
  if (`${root}/${version}` !== topicRoot || !Site.safeParse(site).success) return refused
  if (!who.sites.some((granted) => granted === site) || rest.length > 0) return refused
  if (gateway === undefined || gateway === '#' || gateway === '') return refused
  if (kind === 'status' && instrument === undefined) return undefined
  return kind === 'state' && instrument !== undefined && instrument !== '#' ? undefined : refused
}
