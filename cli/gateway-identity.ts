import { createHash, createPrivateKey, createPublicKey, sign, X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openPageKey } from '@hours/gateway'
import { DAY, GivenIdentity, renewalText } from '@hours/protocol'
import { z } from 'zod'
import { pinOf } from './authority-pin.ts'
import { askSite } from './site-request.ts'

const Enrolment = z.object({ url: z.string(), gateway: z.string(), ownCa: z.boolean() })

/** Renewed when less than a third of 397 days is left. */
const renewBefore = 132 * DAY

/** Files of a gateway's TLS identity in its data folder, as its YAML names them. */
export const identityFiles = (dir: string) => ({
  cert: join(dir, 'tls.pem'),
  key: join(dir, 'tls.key'),
  ca: join(dir, 'ca.pem'),
  enrolment: join(dir, 'enrolment.json'),
})

/**
 * Makes the TLS key on this device, has the site sign it by the one-time code, and writes key (mode 0600), certificate
 * and authority into `dir`. With `pin` the site's authority is fetched and must have that SHA-256; without it the
 * machine's own authorities must vouch for the site.
 */
export async function enrolGateway(options: {
  readonly dir: string
  readonly url: string
  readonly code: string
  readonly gateway: string
  readonly pin?: string
}): Promise<GivenIdentity> {
  const { dir, url, code, gateway, pin } = options
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const ca = pin === undefined ? undefined : await pinnedAuthority(url, pin)
  const made = await newRequest(gateway)
  const pageKey = openPageKey(dir, gateway)
  const body = {
    code,
    csr: made.csr,
    pageKey: { alg: pageKey.alg, public: Buffer.from(pageKey.publicKey).toString('base64url') },
  }
  const given = GivenIdentity.parse(await askSite(`${url}/api/v1/enrol`, { ca, body }))
  if (given.gateway !== gateway)
    throw new Error(
      `the code is for ${given.gateway}, not ${gateway}. Fix: --gateway ${given.gateway} and a new code.`,
    )
  keep(dir, made.key, given)
  writeFileSync(identityFiles(dir).enrolment, JSON.stringify({ url, gateway, ownCa: ca !== undefined }))
  return given
}

/**
 * Has the next certificate made when the present one ends within four months: a new key, signed for by the present one.
 * The next connection uses it; the site takes the old one for another week. Resolves with false when it is not time.
 */
export async function renewGateway(dir: string, now: number, force = false): Promise<boolean> {
  const files = identityFiles(dir)
  if (!existsSync(files.enrolment)) return false
  const { url, gateway, ownCa } = Enrolment.parse(JSON.parse(readFileSync(files.enrolment, 'utf8')))
  const certificate = readFileSync(files.cert, 'utf8')
  if (!force && Date.parse(new X509Certificate(certificate).validTo) - now > renewBefore) return false
  const made = await newRequest(gateway)
  const key = { key: createPrivateKey(readFileSync(files.key, 'utf8')), dsaEncoding: 'ieee-p1363' as const }
  const digest = createHash('sha256').update(made.csr).digest('base64url')
  const signature = sign('sha256', Buffer.from(renewalText(digest)), key).toString('base64url')
  const ca = ownCa ? readFileSync(files.ca, 'utf8') : undefined
  const body = { certificate, csr: made.csr, signature }
  keep(dir, made.key, GivenIdentity.parse(await askSite(`${url}/api/v1/enrol/renew`, { ca, body })))
  return true
}

async function pinnedAuthority(url: string, pin: string): Promise<string> {
  // Nothing secret is sent, and what comes is believed only with this hash.
  const pem = z.string().parse(await askSite(`${url}/api/v1/ca`, { unverified: true }))
  if (pinOf(pem) !== pin.toLowerCase())
    throw new Error(
      `${url} shows an authority with SHA-256 ${pinOf(pem)}, not the --pin. Fix: somebody is in between, or the pin is of another site.`,
    )
  return pem
}

/** What makes requests takes 15 MB, and a gateway needs it once a year. */
async function newRequest(gateway: string): Promise<{ csr: string; key: string }> {
  return (await import('./certificate-request.ts')).newCertificateRequest(gateway)
}

/** Key and certificate are checked against each other before the old pair is given up; each file changes in one step. */
function keep(dir: string, key: string, { certificate, ca }: GivenIdentity): void {
  const own = createPublicKey(key).export({ format: 'der', type: 'spki' })
  const shown = new X509Certificate(certificate).publicKey.export({ format: 'der', type: 'spki' })
  if (!own.equals(shown)) throw new Error('the site signed another key than ours')
  const files = identityFiles(dir)
  const put = (path: string, text: string, mode: number) => {
    writeFileSync(`${path}.new`, text, { mode })
    renameSync(`${path}.new`, path)
  }
  put(files.ca, ca, 0o644)
  put(files.key, key, 0o600)
  put(files.cert, certificate, 0o644)
}
