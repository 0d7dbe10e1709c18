import { createHash, X509Certificate } from 'node:crypto'

/** SHA-256 of the authority's certificate (DER, hex): with it the device knows the site before it trusts it. */
export const pinOf = (pem: string): string =>
  createHash('sha256').update(new X509Certificate(pem).raw).digest('hex')
