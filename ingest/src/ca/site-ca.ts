// @peculiar/x509 brings a container that wants this polyfill before it.
import 'reflect-metadata'
import { createHash, webcrypto, X509Certificate } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { type Clock, DAY, type GatewayId } from '@hours/protocol'
import * as x509 from '@peculiar/x509'
import { IngestError } from '../ingest-error.ts'

/** ECDSA P-256: what every TLS library on a gateway speaks; pages are signed by a key of their own. */
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const caYears = 20
/** Gateways renew after two thirds of this. */
export const gatewayCertificateDays = 397
const serverCertificateDays = 397

/** The site's own small certificate authority: it signs its broker's and web door's certificate and its gateways'. */
export interface SiteCa {
  /** PEM of the CA's certificate; gateways pin it. */
  readonly certificate: string
  /** SHA-256 of it (DER, hex): with this a device knows the site before it trusts it. */
  readonly pin: string
  /** Signs a gateway's request; the CN becomes the gateway's id, whatever the request says. Throws `bad_csr`. */
  signGateway(csr: string, gateway: GatewayId): Promise<{ certificate: string; expires: number }>
  /** A server key and certificate for these DNS names and addresses. */
  issueServer(names: readonly string[]): Promise<{ certificate: string; key: string; expires: number }>
}

type KeyPair = webcrypto.CryptoKeyPair

/** Opens the CA in `dir`, or makes it there at first start (keys with mode 0600). Throws `bad_key` for half of one. */
export async function openSiteCa(dir: string, clock: Clock): Promise<SiteCa> {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const keyFile = join(dir, 'ca.key')
  const certificateFile = join(dir, 'ca.pem')
  if (!existsSync(keyFile) && !existsSync(certificateFile)) await makeCa(keyFile, certificateFile, clock)
  checkBoth(keyFile, certificateFile)
  const certificate = readFileSync(certificateFile, 'utf8')
  const issuer = new x509.X509Certificate(certificate).subject
  const signingKey = await importPrivate(readFileSync(keyFile, 'utf8'))

  const sign = async (
    subject: string,
    publicKey: x509.PublicKey,
    days: number,
    extensions: x509.Extension[],
  ) => {
    const notBefore = new Date(clock.wall() - DAY)
    const notAfter = new Date(clock.wall() + days * DAY)
    const made = await x509.X509CertificateGenerator.create({
      serialNumber: Buffer.from(webcrypto.getRandomValues(new Uint8Array(16))).toString('hex'),
      issuer,
      subject,
      notBefore,
      notAfter,
      publicKey,
      signingKey,
      signingAlgorithm: algorithm,
      extensions: [new x509.BasicConstraintsExtension(false, undefined, true), ...extensions],
    })
    return { certificate: made.toString('pem'), expires: notAfter.getTime() }
  }

  return {
    certificate,
    pin: createHash('sha256').update(new X509Certificate(certificate).raw).digest('hex'),
    async signGateway(csr, gateway) {
      const request = readRequest(csr)
      await checkSignature(request)
      return sign(`CN=${gateway}`, request.publicKey, gatewayCertificateDays, [
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      ])
    },
    async issueServer(names) {
      const keys: KeyPair = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
      const alternative = names.map((value) =>
        /^[\d.]+$|:/.test(value) ? { type: 'ip' as const, value } : { type: 'dns' as const, value },
      )
      const made = await sign(
        `CN=${names[0] ?? 'localhost'}`,
        new x509.PublicKey(await webcrypto.subtle.exportKey('spki', keys.publicKey)),
        serverCertificateDays,
        [
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
          new x509.SubjectAlternativeNameExtension(alternative),
        ],
      )
      return { ...made, key: await exportPrivate(keys.privateKey) }
    },
  }
}

async function makeCa(keyFile: string, certificateFile: string, clock: Clock): Promise<void> {
  const keys: KeyPair = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: 'CN=Instrument Hours site CA',
    notBefore: new Date(clock.wall() - DAY),
    notAfter: new Date(clock.wall() + caYears * 365 * DAY),
    keys: keys as never,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  })
  writeWhole(half(keyFile), await exportPrivate(keys.privateKey), 0o600)
  writeWhole(half(certificateFile), made.toString('pem'), 0o644)
  // A kill between the two leaves the other one under its first name, and the next start ends what this one began.
  renameSync(half(keyFile), keyFile)
  renameSync(half(certificateFile), certificateFile)
}

const half = (path: string) => `${path}.new`

function writeWhole(path: string, text: string, mode: number): void {
  rmSync(path, { force: true })
  const file = openSync(path, 'wx', mode)
  try {
    writeSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/**
 * Refuses half an authority: another one in its place would shut out every gateway that was enrolled by it, as they pin
 * its certificate.
 */
function checkBoth(keyFile: string, certificateFile: string): void {
  if (!existsSync(certificateFile) && existsSync(half(certificateFile)))
    renameSync(half(certificateFile), certificateFile)
  for (const [missing, there] of [
    [keyFile, certificateFile],
    [certificateFile, keyFile],
  ] as const)
    if (!existsSync(missing))
      throw new IngestError(
        'bad_key',
        `${missing} is missing beside ${there}. Fix: put it back from the backup. A new authority, which every gateway has to be enrolled at anew, is made when both are away.`,
      )
}

function readRequest(csr: string): x509.Pkcs10CertificateRequest {
  if (csr.length > 8_192) throw new IngestError('bad_csr', `csr: ${csr.length} characters; at most 8192`)
  try {
    return new x509.Pkcs10CertificateRequest(csr)
  } catch (cause) {
    throw new IngestError('bad_csr', 'csr: not a PKCS #10 request in PEM', { cause })
  }
}

/** Whoever asks has the key. A signature that cannot even be read makes the library throw, and is refused as well. */
async function checkSignature(request: x509.Pkcs10CertificateRequest): Promise<void> {
  let holds = false
  let cause: unknown
  try {
    holds = await request.verify()
  } catch (error) {
    cause = error
  }
  if (!holds)
    throw new IngestError('bad_csr', 'csr: its own signature does not hold; make it again on the gateway', {
      cause,
    })
}

const exportPrivate = async (key: webcrypto.CryptoKey): Promise<string> => {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key))
  return x509.PemConverter.encode(der, 'PRIVATE KEY')
}

const importPrivate = (pem: string): Promise<webcrypto.CryptoKey> =>
  webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(pem), algorithm, true, ['sign'])
