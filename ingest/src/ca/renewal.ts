import { createHash, createPublicKey, verify, X509Certificate } from 'node:crypto'
import { type Clock, GatewayId, renewalText } from '@hours/protocol'
import { IngestError } from '../ingest-error.ts'
import { type Certificates, plainSerial } from './certificates.ts'

/**
 * The gateway that asks for its next certificate, shown by its present one and a signature of its key over the request;
 * so renewal passes any proxy that ends TLS. Throws `bad_csr` for a certificate of others, an expired or ended one, or
 * a signature that does not hold. Beside the gateway: the serial it showed, and the SHA-256 of its request.
 */
export function renewingGateway(
  asked: { readonly certificate: string; readonly csr: string; readonly signature: string },
  { ca, certificates, clock }: { ca: string; certificates: Certificates; clock: Clock },
): { readonly gateway: GatewayId; readonly shown: string; readonly csr: string } {
  const refused = (why: string) =>
    new IngestError('bad_csr', `certificate: ${why}; ask the operator for a code`)
  let shown: X509Certificate
  try {
    shown = new X509Certificate(asked.certificate)
  } catch (cause) {
    throw new IngestError('bad_csr', 'certificate: not a certificate in PEM', { cause })
  }
  if (!shown.checkIssued(new X509Certificate(ca)) || !shown.verify(createPublicKey(ca)))
    throw refused('not given by this site')
  if (Date.parse(shown.validTo) <= clock.wall()) throw refused('has expired')
  const gateway = GatewayId.safeParse(/^CN=(\S+)$/.exec(shown.subject)?.[1])
  if (!gateway.success) throw refused('names no gateway')
  const serial = plainSerial(shown.serialNumber)
  if (certificates.isRevoked(gateway.data) || !certificates.serials(gateway.data)?.includes(serial))
    throw refused('has been revoked')
  const signature = Buffer.from(asked.signature, 'base64url')
  const csr = createHash('sha256').update(asked.csr).digest('base64url')
  const text = Buffer.from(renewalText(csr))
  if (!verify('sha256', text, { key: shown.publicKey, dsaEncoding: 'ieee-p1363' }, signature))
    throw refused('the signature is not of its key')
  return { gateway: gateway.data, shown: serial, csr }
}
