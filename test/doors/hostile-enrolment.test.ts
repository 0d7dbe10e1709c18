import { createHash, createPrivateKey, sign, X509Certificate } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DAY, renewalText, systemClock } from '@hours/protocol'
import { formatBase64url } from '@hours/ledger'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newCertificateRequest } from '../../cli/certificate-request.ts'
import { plainSerial } from '../../ingest/src/ca/certificates.ts'
import { openSiteCa } from '../../ingest/src/ca/site-ca.ts'
import { createTestGateway } from '../../ingest/src/ingest.fixture.ts'
import { hostileCases } from '../hostile-cases.ts'
import { createDoorsWorld, type DoorsWorld } from './doors.fixture.ts'

/** Who plays with codes, requests and authorities; the honest gateway keeps its way in (wire.md, section 4). */
hostileCases()
let world: DoorsWorld
beforeEach(async () => {
  world = await createDoorsWorld()
})
afterEach(() => world.close())

const post = (url: string, payload: object) => world.api.inject({ method: 'POST', url, payload })

interface Pair {
  readonly certificate: string
  readonly key: string
}

async function enrol(code: string, more: object = {}) {
  const made = await newCertificateRequest('gw-1')
  const answer = await post('/api/v1/enrol', { code, csr: made.csr, ...more })
  return { answer, pair: { certificate: answer.json<Pair>().certificate, key: made.key } }
}

/** What a device sends to renew: signed by the key of the certificate it shows. */
async function renewal({ certificate, key }: Pair) {
  const next = await newCertificateRequest('gw-1')
  const digest = createHash('sha256').update(next.csr).digest('base64url')
  const signer = { key: createPrivateKey(key), dsaEncoding: 'ieee-p1363' as const }
  const signature = sign('sha256', Buffer.from(renewalText(digest)), signer).toString('base64url')
  return { body: { certificate, csr: next.csr, signature }, key: next.key }
}

const renew = async (pair: Pair) => {
  const { body, key } = await renewal(pair)
  const answer = await post('/api/v1/enrol/renew', body)
  expect(answer.statusCode, answer.body).toBe(200)
  return { body, pair: { certificate: answer.json<Pair>().certificate, key } }
}

const inForce = ({ certificate }: Pair) =>
  world.door.certificates
    .serials('gw-1')
    ?.includes(plainSerial(new X509Certificate(certificate).serialNumber))
const later = (days: number) => world.doorClock.advanceTo(world.doorClock.wall() + days * DAY)

describe('a renewal that is sent again', () => {
  it('gives the same certificate, and shortens nothing of it', async () => {
    const { pair: first } = await enrol(world.door.codes.issue('gz-gibh' as never, 'gw-1' as never))
    const { body, pair: second } = await renew(first)
    const again = await post('/api/v1/enrol/renew', body)
    expect(again.json<Pair>().certificate).toBe(second.certificate)
    later(8)
    expect([inForce(first), inForce(second)]).toEqual([false, true])
    const replayed = await post('/api/v1/enrol/renew', body)
    expect([replayed.statusCode, inForce(second)]).toEqual([401, true])
    later(200)
    expect(inForce((await renew(second)).pair)).toBe(true)
  })

  it('by the certificate before, as somebody does whose answer was lost, leaves the newest as it is', async () => {
    const { pair: first } = await enrol(world.door.codes.issue('gz-gibh' as never, 'gw-1' as never))
    const { pair: lost } = await renew(first)
    const { pair: third } = await renew(first)
    later(8)
    expect([inForce(first), inForce(lost), inForce(third)]).toEqual([false, true, true])
  })
})

describe('an enrolment code', () => {
  const pageKey = (id: string) => ({
    alg: 'Ed25519',
    public: formatBase64url(createTestGateway(id).signer.publicKey),
  })

  it('is not spent by a request that is refused', async () => {
    const code = world.door.codes.issue('gz-gibh' as never, 'gw-1' as never)
    const foreign = await enrol(code, { pageKey: pageKey('gw-other') })
    expect(foreign.answer.statusCode).toBe(409)
    expect((await enrol(code, { pageKey: { alg: 'Ed25519', public: 'AAAA' } })).answer.statusCode).toBe(400)
    expect((await post('/api/v1/enrol', { code, csr: 'rubbish' })).statusCode).toBe(400)
    expect((await enrol(code, { pageKey: pageKey('gw-1') })).answer.statusCode).toBe(200)
    expect((await enrol(code)).answer.statusCode).toBe(401)
  })

  it('for a gateway of another site is not made, and one that was made by hand does not count', async () => {
    const operator = await world.caller('operator', null)
    const asked = { site: 'zebra-site', gateway: 'gw-1' }
    expect((await operator.send('POST', '/api/v1/enrol/codes', asked)).statusCode).toBe(400)
    const code = world.door.codes.issue('zebra-site' as never, 'gw-1' as never)
    expect((await enrol(code)).answer.statusCode).toBe(409)
    expect(
      (await operator.send('POST', '/api/v1/enrol/codes', { ...asked, site: 'gz-gibh' })).statusCode,
    ).toBe(201)
  })

  it('ends the password the gateway had before', async () => {
    world.ingest.setGatewayPassword('gw-1', 'known to others')
    expect(world.ingest.directory.find('gw-1')?.password).toBeDefined()
    await enrol(world.door.codes.issue('gz-gibh' as never, 'gw-1' as never))
    expect(world.ingest.directory.find('gw-1')?.password).toBeUndefined()
  })
})

describe('half an authority', () => {
  it('is refused by name, whichever half is lost, and never made anew over the other', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'hours-half-ca-'))
    const { certificate } = await openSiteCa(dir, systemClock)
    for (const lost of ['ca.key', 'ca.pem']) {
      renameSync(join(dir, lost), join(dir, 'aside'))
      await expect(openSiteCa(dir, systemClock)).rejects.toThrow(new RegExp(`${lost} is missing`))
      expect(existsSync(join(dir, lost))).toBe(false)
      renameSync(join(dir, 'aside'), join(dir, lost))
    }
    expect((await openSiteCa(dir, systemClock)).certificate).toBe(certificate)
    // What a kill in the middle of the first start leaves is ended at the next one.
    renameSync(join(dir, 'ca.pem'), join(dir, 'ca.pem.new'))
    expect((await openSiteCa(dir, systemClock)).certificate).toBe(certificate)
    expect(readFileSync(join(dir, 'ca.pem'), 'utf8')).toBe(certificate)
    rmSync(dir, { recursive: true })
  })
})
