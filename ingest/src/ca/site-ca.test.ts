import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { connect, createServer, type PeerCertificate, type TLSSocket } from 'node:tls'
import { createManualClock, DAY, GatewayId, SiteId, systemClock } from '@hours/protocol'
import { describe, expect, it } from 'vitest'
import { createEnrolmentCodes } from './enrolment-codes.ts'
import { openSiteCa } from './site-ca.ts'

const gateway = GatewayId.parse('gw-0007')
const folder = () => mkdtempSync(join(tmpdir(), 'site-ca-'))

/** A request as a gateway makes it, by an independent tool. */
function opensslRequest(dir: string): { csr: string; key: string } {
  const key = join(dir, 'gw.key')
  const csr = join(dir, 'gw.csr')
  execFileSync('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', key])
  execFileSync('openssl', ['req', '-new', '-key', key, '-subj', '/CN=somebody-else', '-out', csr])
  return { csr: readFileSync(csr, 'utf8'), key: readFileSync(key, 'utf8') }
}

describe('the site certificate authority', () => {
  it('keeps its key to its owner, and is the same after a restart', async () => {
    const dir = folder()
    const ca = await openSiteCa(dir, systemClock)
    expect(statSync(join(dir, 'ca.key')).mode & 0o077).toBe(0)
    expect((await openSiteCa(dir, systemClock)).certificate).toBe(ca.certificate)
  })

  it('gives a gateway its own id as CN whatever it asked for, and openssl agrees', async () => {
    const dir = folder()
    const ca = await openSiteCa(dir, systemClock)
    const { certificate } = await ca.signGateway(opensslRequest(dir).csr, gateway)
    writeFileSync(join(dir, 'gw.pem'), certificate)
    const subject = execFileSync('openssl', [
      'x509',
      '-in',
      join(dir, 'gw.pem'),
      '-noout',
      '-subject',
    ]).toString()
    expect(subject).toMatch(/CN ?= ?gw-0007/)
    const check = execFileSync('openssl', [
      ...['verify', '-purpose', 'sslclient', '-CAfile', join(dir, 'ca.pem'), join(dir, 'gw.pem')],
    ]).toString()
    expect(check).toContain('OK')
  })

  it('refuses what is no request, or one whose signature was changed', async () => {
    const dir = folder()
    const ca = await openSiteCa(dir, systemClock)
    await expect(ca.signGateway('rubbish', gateway)).rejects.toThrow(/PKCS #10/)
    const { csr } = opensslRequest(dir)
    const lines = csr.split('\n')
    const last = lines.length - 3
    lines[last] = (lines[last] ?? '').replace(/^./, (c) => (c === 'A' ? 'B' : 'A'))
    await expect(ca.signGateway(lines.join('\n'), gateway)).rejects.toThrow()
  })

  it('refuses a request whose signature cannot even be read, as bad and not as a fault', async () => {
    const ca = await openSiteCa(folder(), systemClock)
    // Found by test/attacks/decoders.test.ts: bytes put into the two numbers of an ECDSA signature.
    const csr = [
      '-----BEGIN CERTIFICATE REQUEST-----',
      'MIHKMHECAQAwDzENMAsGA1UEAxMEZ3ctMTBZMBMGByqGSM49AgEGCCqGSM49AwEH',
      'A0IABJgrUkwtynCto6Ctr3wA5MqmdUJLGlTQML9H4C994ZdlS2EfsAxJNcTfReKs',
      'otpWF6B3aMai7/KRaEE+V0AdEAGgADAKBggqhkjOPQQDAgNJA',
      'EAqNq3lZwg',
      '9999999999999999999999999999993bwsT8l3JDRt5cLMYgx9F4CIQC+f2I+xDZiLO5pByML40qX/pxF',
      'Sc9bCI54wxTi2rHR4Q==',
      '-----END CERTIFICATE REQUEST-----',
    ].join('\n')
    await expect(ca.signGateway(csr, gateway)).rejects.toMatchObject({ code: 'bad_csr' })
  })

  it('serves mutual TLS in which both sides know each other', async () => {
    const dir = folder()
    const ca = await openSiteCa(dir, systemClock)
    const server = await ca.issueServer(['localhost', '127.0.0.1'])
    const { csr, key } = opensslRequest(dir)
    const { certificate } = await ca.signGateway(csr, gateway)
    const peer = Promise.withResolvers<PeerCertificate>()
    const listener = createServer(
      {
        cert: server.certificate,
        key: server.key,
        ca: ca.certificate,
        requestCert: true,
        rejectUnauthorized: true,
      },
      (socket: TLSSocket) => peer.resolve(socket.getPeerCertificate()),
    )
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
    const { port } = listener.address() as { port: number }
    const client = connect({ host: '127.0.0.1', port, cert: certificate, key, ca: ca.certificate })
    await new Promise<void>((resolve, reject) => client.once('secureConnect', resolve).once('error', reject))
    expect(client.authorized).toBe(true)
    expect((await peer.promise).subject.CN).toBe('gw-0007')
    client.destroy()
    listener.close()
  })
})

describe('enrolment codes', () => {
  it('admit one gateway once, within two days, however they are typed', () => {
    const clock = createManualClock(Date.UTC(2026, 0, 1))
    const codes = createEnrolmentCodes(new DatabaseSync(':memory:'), clock)
    const site = SiteId.parse('gz-gibh')
    const code = codes.issue(site, gateway)
    expect(code).toMatch(/^([A-Z2-9]{5}-){3}[A-Z2-9]{5}$/)
    expect(codes.spend('AAAAA-BBBBB-CCCCC-DDDDD')).toBeUndefined()
    expect(codes.spend(code.toLowerCase().replaceAll('-', ' '))).toEqual({ site, gateway })
    expect(codes.spend(code)).toBeUndefined()
    const old = codes.issue(site, gateway)
    const newer = codes.issue(site, gateway)
    expect(codes.spend(old)).toBeUndefined()
    clock.advanceTo(clock.wall() + 3 * DAY)
    expect(codes.spend(newer)).toBeUndefined()
  })
})
