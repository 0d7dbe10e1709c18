import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { createOidcLogin, type Door, openDoor } from '@hours/ingest'
import { type Clock, DAY, systemClock } from '@hours/protocol'
import { typedPath } from './paths.ts'

/** Flags of `serve` that say how a site is reached and who may come in. */
export interface DoorFlags {
  readonly tls?: string
  readonly mqttCa?: string
  readonly plainLoopback?: boolean
  readonly httpHost: string
  readonly behindProxy?: string | true
  readonly name?: readonly string[]
  readonly oidcIssuer?: string
  readonly oidcClient?: string
  readonly oidcClaim: 'preferred_username' | 'email' | 'sub'
}

/** Certificate and key (PEM), and the authorities of gateways' certificates. */
export interface SiteTls {
  readonly cert: string
  readonly key: string
  readonly ca: string
}

const loopback = ['127.0.0.1', 'localhost', '[::1]', '::1']
const isLoopback = (host: string) => loopback.includes(host)

/** Refuses before anything is opened: passwords and figures never travel in the open. */
export function checkDoorFlags({ tls, plainLoopback, httpHost, behindProxy }: DoorFlags): void {
  if (tls === undefined && plainLoopback !== true)
    throw new Error(
      'no --tls cert,key: gateways would send passwords in the open. Fix: --tls cert.pem,key.pem, --tls auto, or --plain-loopback.',
    )
  if (!isLoopback(httpHost) && tls === undefined && behindProxy === undefined)
    throw new Error(
      `--http-host ${httpHost}: logins would travel in the open. Fix: --tls cert.pem,key.pem, or --behind-proxy with a proxy that ends TLS.`,
    )
}

/** The door of a site; with OpenID Connect where an issuer is named (client secret: HOURS_OIDC_SECRET). */
export function openSiteDoor(
  dataDir: string,
  flags: DoorFlags,
  endSession: (gateway: string, reason: string) => void,
): Promise<Door> {
  const { oidcIssuer, oidcClient, oidcClaim, name } = flags
  if (oidcIssuer === undefined) return openDoor({ dataDir, clock: systemClock, endSession })
  if (oidcClient === undefined || name?.[0] === undefined)
    throw new Error(
      '--oidc-issuer needs --oidc-client ID and --name (where the provider sends people back to)',
    )
  const clientSecret = process.env['HOURS_OIDC_SECRET']
  const oidc = createOidcLogin({
    issuer: oidcIssuer,
    clientId: oidcClient,
    ...(clientSecret ? { clientSecret } : {}),
    publicUrl: `https://${name[0]}`,
    claim: oidcClaim,
    clock: systemClock,
  })
  return openDoor({ dataDir, clock: systemClock, endSession, oidc })
}

/** Reads the certificate, or with `auto` has the site's authority make one (a year; anew 90 days before its end). */
export async function siteTls(
  dataDir: string,
  flags: DoorFlags,
  ca: Door['ca'],
): Promise<SiteTls | undefined> {
  const { tls, mqttCa, name = [] } = flags
  if (tls === undefined) return undefined
  const read = (path: string) => readFileSync(typedPath(path), 'utf8')
  // The site's own authority gives gateways their certificates; another one may do so beside it.
  const authorities = mqttCa === undefined ? ca.certificate : `${ca.certificate}\n${read(mqttCa)}`
  if (tls === 'auto')
    return { ...(await ownCertificate(dataDir, [...name, ...loopback], ca)), ca: authorities }
  const [cert, key, ...rest] = tls.split(',')
  if (!cert || !key || rest.length > 0)
    throw new Error(
      `--tls "${tls}": certificate and key with a comma between, such as cert.pem,key.pem; or auto`,
    )
  return { cert: read(cert), key: read(key), ca: authorities }
}

async function ownCertificate(
  dataDir: string,
  names: readonly string[],
  ca: Door['ca'],
  clock: Clock = systemClock,
): Promise<{ cert: string; key: string }> {
  const dir = join(dataDir, 'tls')
  const paths = { cert: join(dir, 'site.pem'), key: join(dir, 'site-key.pem') }
  const wanted = [...new Set(names.map((one) => one.replaceAll(/[[\]]/g, '')))]
  if (existsSync(paths.cert) && existsSync(paths.key)) {
    const cert = readFileSync(paths.cert, 'utf8')
    const known = new X509Certificate(cert)
    const names = wanted.every((one) => known.checkHost(one) ?? known.checkIP(one))
    if (names && Date.parse(known.validTo) - clock.wall() > 90 * DAY)
      return { cert, key: readFileSync(paths.key, 'utf8') }
  }
  const made = await ca.issueServer(wanted)
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  writeFileSync(paths.cert, made.certificate, { mode: 0o644 })
  writeFileSync(paths.key, made.key, { mode: 0o600 })
  return { cert: made.certificate, key: made.key }
}

/** Names the page answers to: another that points at this address is not this site (DNS rebinding). */
export const siteHosts = ({ name, behindProxy }: DoorFlags): { hosts?: readonly string[] } =>
  name === undefined && behindProxy !== undefined
    ? {}
    : { hosts: [...(name ?? []), '127.0.0.1', 'localhost', '[::1]'] }

/** Whose X-Forwarded-For is believed: nobody's, unless a proxy is said to be there. */
export const siteProxies = ({ behindProxy }: DoorFlags): { trustProxy?: string[] } =>
  behindProxy === undefined
    ? {}
    : { trustProxy: behindProxy === true ? ['127.0.0.1', '::1'] : behindProxy.split(',') }

/** At the first start: the account `operator`, and the link with which its password is chosen. */
export async function firstOperator({ accounts, invitations, audit }: Door): Promise<string | undefined> {
  if (accounts.list().length > 0) return undefined
  await accounts.create({ id: 'operator', name: 'Operator', role: 'operator', organisations: null }, null)
  audit.add({ actor: 'console', action: 'account.add', target: 'operator', outcome: 'ok' })
  return `/welcome#${invitations.issue('operator')}`
}
