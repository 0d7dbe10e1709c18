import {
  accept,
  type Decoded,
  type GatewayDirectory,
  GatewayId,
  PasswordHashText,
  refuse,
  SiteId,
} from '@hours/protocol'
import { z } from 'zod'

const name = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, '1 to 64 of A-Z a-z 0-9 . _ -')

/** Somebody who may look at live states: a wall screen, Grafana, a third party. The client id is free. */
const Reader = z
  .strictObject({ id: name, password: PasswordHashText, sites: z.array(SiteId).readonly() })
  .readonly()
export type Reader = z.infer<typeof Reader>

/** An ingest in another process, which reaches the broker as it would reach Mosquitto. */
const IngestAccount = z
  .strictObject({
    id: name,
    password: PasswordHashText,
    sites: z.union([z.literal('all'), z.array(SiteId).readonly()]),
  })
  .readonly()
export type IngestAccount = z.infer<typeof IngestAccount>

/** Who may come in at a broker that stands alone: the file of `hours broker --accounts`. */
const Accounts = z.strictObject({
  gateways: z.array(
    z.strictObject({
      site: SiteId,
      gateway: GatewayId,
      password: PasswordHashText.optional(),
      revoked: z.boolean().default(false),
    }),
  ),
  ingest: IngestAccount.optional(),
  readers: z.array(Reader).default([]),
})
export type Accounts = z.infer<typeof Accounts>

/** Reads the accounts file; every fault is named with its path, and no hash is shown. */
export function decodeAccounts(text: string): Decoded<Accounts, 'bad_accounts'> {
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch (cause) {
    return refuse('bad_accounts', `not JSON: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
  const parsed = Accounts.safeParse(data)
  if (!parsed.success) {
    const faults = parsed.error.issues.map(
      ({ path, message }) => `${path.join('.') || '(whole)'}: ${message}`,
    )
    return refuse('bad_accounts', faults.join('; '))
  }
  const { gateways, ingest, readers } = parsed.data
  const ids = [
    ...gateways.map(({ gateway }) => gateway),
    ...readers.map(({ id }) => id),
    ...(ingest ? [ingest.id] : []),
  ]
  const twice = ids.find((id, at) => ids.indexOf(id) !== at)
  return twice === undefined ? accept(parsed.data) : refuse('bad_accounts', `${twice} is there twice`)
}

/** The gateways of an accounts file as the broker asks for them. */
export function accountsDirectory({ gateways }: Accounts): GatewayDirectory {
  const byId = new Map<string, Accounts['gateways'][number]>(gateways.map((one) => [one.gateway, one]))
  return {
    find(id) {
      const found = byId.get(id)
      if (!found) return undefined
      const { site, gateway, password, revoked } = found
      return { site, gateway, revoked, ...(password === undefined ? {} : { password }) }
    },
  }
}
