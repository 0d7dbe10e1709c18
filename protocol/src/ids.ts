import { z } from 'zod'
import { accept, type Decoded, refuse } from './decoded.ts'

/** Ids of sites, gateways, instruments and organisations (wire.md, section 2): 1-40 of a-z 0-9 -, no dash at the ends. */
export const idPattern = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/

const id = z.string().regex(idPattern, 'an id is 1 to 40 of a-z, 0-9 and "-", with no "-" at either end')

export const SiteId = id.brand<'SiteId'>()
export type SiteId = z.infer<typeof SiteId>

/** Unique in an installation; equals the certificate's CN, the MQTT client id and the holder in `kid`. */
export const GatewayId = id.brand<'GatewayId'>()
export type GatewayId = z.infer<typeof GatewayId>

/** Unique in a site. */
export const InstrumentId = id.brand<'InstrumentId'>()
export type InstrumentId = z.infer<typeof InstrumentId>

export const OrganisationId = id.brand<'OrganisationId'>()
export type OrganisationId = z.infer<typeof OrganisationId>

export const ChannelId = id.brand<'ChannelId'>()
export type ChannelId = z.infer<typeof ChannelId>

/** An instrument everywhere: `site/instrument` (records.md, section 1). */
export type InstrumentKey = string & { readonly instrumentKey: true }

export const instrumentKey = (site: SiteId, instrument: InstrumentId): InstrumentKey =>
  `${site}/${instrument}` as InstrumentKey

/** Reads `site/instrument`; refuses anything that is not two ids. */
export function parseInstrumentKey(
  text: string,
): Decoded<{ site: SiteId; instrument: InstrumentId }, 'bad_id'> {
  const [site, instrument, ...rest] = text.split('/')
  const a = SiteId.safeParse(site)
  const b = InstrumentId.safeParse(instrument)
  if (!a.success || !b.success || rest.length > 0)
    return refuse('bad_id', `"${text.slice(0, 100)}" is not site/instrument, such as gz-gibh/sem-01`)
  return accept({ site: a.data, instrument: b.data })
}
