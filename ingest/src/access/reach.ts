import type { Registry } from '../ports.ts'
import { nearIds, suggestion } from '../sessions/near-ids.ts'
import type { View } from './view.ts'

/**
 * What somebody may set up. Ids that others have are taken, though they are never shown: `all` is asked whether an id is
 * free, and for nothing else.
 */
export interface Reach {
  readonly seen: Registry
  readonly all: Registry
  /** Id of the account, for the records. */
  readonly actor: string
  /** The whole installation, with dates as far back as one likes. */
  readonly operates: boolean
  /** The site that a gateway stands at; undefined = nobody has this id yet. */
  siteOf(gateway: string): string | undefined
  /** Somebody has an instrument at this site. */
  readonly knowsSite: (site: string) => boolean
  /** `did you mean ...?`, of ids that the caller sees, or nothing; a help, given so many times a request. */
  readonly advise: (text: string, known: () => Iterable<string>) => string
  /** Nobody else has an instrument at this gateway. */
  ownsGateway(gateway: string): boolean
  /** Nobody else has an instrument at this site. */
  ownsSite(site: string): boolean
  /** The site is new, or has an instrument of one's own. */
  mayUseSite(site: string): boolean
}

const maxAdvice = 20

/** `view` undefined = everything. Good for as long as one request lasts. */
export function createReach(options: {
  readonly seen: Registry
  readonly all: Registry
  readonly actor: string
  readonly operates: boolean
  readonly view: View | undefined
}): Reach {
  const { view, all, ...more } = options
  // Made when first asked for: a file has thousands of rows.
  let known: { sites: ReadonlySet<string>; gateways: ReadonlyMap<string, string> } | undefined
  const taken = () =>
    (known ??= {
      sites: new Set(all.instruments().map(({ site }) => site)),
      gateways: new Map(all.gateways().map(({ gateway, site }) => [gateway, site])),
    })
  const advice = new Map<string, string>()
  return {
    ...more,
    all,
    knowsSite: (site) => taken().sites.has(site),
    advise(text, known) {
      const made = advice.get(text)
      if (made !== undefined || advice.size >= maxAdvice) return made ?? ''
      const found = suggestion(nearIds(text, known()))
      advice.set(text, found)
      return found
    },
    siteOf: (gateway) => taken().gateways.get(gateway),
    ownsGateway: (id) => !view || view.ownGateways.has(id) || !taken().gateways.has(id),
    ownsSite: (site) => !view || view.ownSites.has(site) || !taken().sites.has(site),
    mayUseSite: (site) => !view || view.sites.has(site) || !taken().sites.has(site),
  }
}
