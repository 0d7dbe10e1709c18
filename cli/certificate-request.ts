import { webcrypto } from 'node:crypto'
// @peculiar/x509 brings a container that wants this polyfill before it.
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

/** A new P-256 key and a request that it be certified (PKCS #10, RFC 2986), both PEM. */
export async function newCertificateRequest(gateway: string): Promise<{ csr: string; key: string }> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({
    name: `CN=${gateway}`,
    keys: keys as never,
    signingAlgorithm: algorithm,
  })
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  return { csr: csr.toString('pem'), key: x509.PemConverter.encode(der, 'PRIVATE KEY') }
}
