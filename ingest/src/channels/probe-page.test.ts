import { rmSync } from 'node:fs'
import { createManualClock, DAY } from '@hours/protocol'
import { afterEach, describe, expect, it } from 'vitest'
import { openSiteCa } from '../ca/site-ca.ts'
import { freshFolder } from '../ingest.fixture.ts'
import { channelsFrom } from './channel-settings.ts'
import { probePage } from './probe-page.ts'
import { channelOf, openWeb, page, type Web } from './web.fixture.ts'

const closes: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closes.splice(0)) await close()
})

async function web(...given: Parameters<typeof openWeb>): Promise<Web> {
  const made = await openWeb(...given)
  closes.push(() => made.close())
  return made
}

async function probe(url: string, change: object = {}, ofPage: object = {}, ca?: string) {
  const channel = channelOf(url, change, ofPage)
  const [first] = channel.pages
  if (!first) throw new Error('no page')
  const clock = createManualClock(Date.now())
  const stopwatch = () => performance.now()
  return probePage(channel, first, { clock, stopwatch, ...(ca === undefined ? {} : { ca }) })
}
const reasons = async (...given: Parameters<typeof probe>) =>
  (await probe(...given)).faults.map(({ reason }) => reason)

describe('a page that is there', () => {
  it('is ok with its status, size and time', async () => {
    const { url } = await web(page('<h1>Booking</h1>'))
    const result = await probe(url, {}, { contains: 'Booking' })
    expect(result).toMatchObject({ ok: true, status: 200, faults: [], bytes: 16, certificateDays: null })
    expect(result.latencyMs).toBeLessThan(5_000)
  })

  it('is found behind a redirect to another path', async () => {
    const { url } = await web((request, response) =>
      request.url === '/new'
        ? page('here')(request, response)
        : void response.writeHead(302, { location: '/new' }).end(),
    )
    expect(await probe(url)).toMatchObject({ ok: true, status: 200 })
  })

  it('is read in the charset it names, GBK included', async () => {
    // 预约 in GBK.
    const gbk = Buffer.concat([Buffer.from('<p>'), Buffer.from([0xd4, 0xa4, 0xd4, 0xbc])])
    const { url } = await web(page(gbk, 200, 'text/html; charset=gbk'))
    expect(await reasons(url, {}, { contains: '预约' })).toEqual([])
  })

  it('is there but slow when it takes longer than the settings say', async () => {
    const { url } = await web((request, response) => {
      setTimeout(() => page('late')(request, response), 60)
    })
    expect(await probe(url, { slowMs: 40 })).toMatchObject({ ok: true, faults: [{ reason: 'slow' }] })
  })
})

describe('a page that is not there', () => {
  it.each([404, 500, 503, 204])('answers %i', async (status) => {
    const { url } = await web(page('', status))
    const result = await probe(url)
    expect(result).toMatchObject({ ok: false, status })
    expect(result.faults).toHaveLength(1)
    expect(result.faults[0]?.reason).toBe(status === 204 ? 'no_content' : 'http_status')
  })

  it('is never answered: the time limit ends it', async () => {
    const { url } = await web(() => undefined)
    expect(await probe(url, { timeoutMs: 150 })).toMatchObject({
      ok: false,
      status: null,
      faults: [{ reason: 'timeout' }],
    })
  })

  it('trickles for ever: the time limit counts the whole of it', async () => {
    const { url } = await web((_request, response) => {
      response.writeHead(200)
      const drip = setInterval(() => response.write('.'), 10)
      response.on('close', () => clearInterval(drip))
    })
    expect(await reasons(url, { timeoutMs: 200 })).toEqual(['timeout'])
  })

  it('redirects in a circle: the number of redirects is bounded', async () => {
    const server = await web((_request, response) => void response.writeHead(302, { location: '/' }).end())
    expect(await reasons(server.url, { maxRedirects: 3 })).toEqual(['redirects'])
    expect(server.asked).toHaveLength(4)
  })

  it('redirects to a file: that is no web address', async () => {
    const { url } = await web(
      (_request, response) => void response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    )
    expect(await reasons(url)).toEqual(['redirects'])
  })

  it('is without end: reading stops at the bound', async () => {
    const chunk = Buffer.alloc(65_536, 'x')
    let sent = 0
    const { url } = await web((_request, response) => {
      response.writeHead(200)
      const more = () => {
        while (!response.destroyed && response.write(chunk)) sent += chunk.length
        sent += chunk.length
      }
      response.on('drain', more)
      more()
    })
    expect(await probe(url, { maxBytes: 100_000 })).toMatchObject({
      ok: false,
      bytes: 0,
      faults: [{ reason: 'too_big' }],
    })
    expect(sent).toBeLessThan(50_000_000)
  })

  it.each([
    ['no text but scripts', '<html><script>var a = "text"</script></html>', {}, 'no_content'],
    ['another text', '<h1>Domain for sale</h1>', { contains: 'Booking' }, 'wrong_content'],
    ['HTML for a calendar', '<h1>Log in</h1>', { kind: 'ical' }, 'wrong_content'],
    ['HTML for JSON', '<h1>Log in</h1>', { kind: 'json' }, 'wrong_content'],
    ['JSON without the list', '{"a":1}', { kind: 'json', listing: { required: ['a'] } }, 'wrong_content'],
    ['an empty list', '[]', { kind: 'json', listing: { required: ['a'] } }, 'no_content'],
  ] as const)('has %s', async (_what, body, ofPage, reason) => {
    const { url } = await web(page(body))
    expect(await reasons(url, {}, ofPage)).toEqual([reason])
  })

  it('has a host that refuses', async () => {
    const server = await openWeb(page('x'))
    await server.close()
    expect(await probe(server.url)).toMatchObject({ ok: false, faults: [{ reason: 'refused' }] })
  })

  it('has a name nobody knows', async () => {
    const [reason] = await reasons('http://booking.invalid/', { timeoutMs: 5_000 })
    expect(['name_unknown', 'timeout']).toContain(reason)
  })

  it('hangs up in the middle', async () => {
    const { url } = await web((_request, response) => {
      response.writeHead(200, { 'content-length': 1_000 })
      response.write('half', () => response.destroy())
    })
    expect(await reasons(url)).toEqual(['unreachable'])
  })
})

describe('a certificate', () => {
  async function tls(ageDays: number) {
    const folder = freshFolder()
    closes.push(() => rmSync(folder, { recursive: true, force: true }))
    const ca = await openSiteCa(folder, createManualClock(Date.now() - ageDays * DAY))
    const { certificate: cert, key } = await ca.issueServer(['127.0.0.1'])
    return { server: await web(page('Booking'), { cert, key }), ca: ca.certificate }
  }

  it('that holds is counted in days', async () => {
    const { server, ca } = await tls(0)
    expect(await probe(server.url, {}, {}, ca)).toMatchObject({ ok: true, certificateDays: 396, faults: [] })
  })

  it('that ends soon is a fault while the page is there', async () => {
    const { server, ca } = await tls(390)
    expect(await probe(server.url, {}, {}, ca)).toMatchObject({
      ok: true,
      certificateDays: 6,
      faults: [{ reason: 'certificate_soon' }],
    })
  })

  it('that has expired means that no reader gets there, and says why', async () => {
    const { server, ca } = await tls(400)
    expect(await probe(server.url, {}, {}, ca)).toMatchObject({
      ok: false,
      status: 200,
      certificateDays: -4,
      faults: [{ reason: 'certificate', detail: 'CERT_HAS_EXPIRED' }],
    })
  })

  it('of an authority nobody knows is a fault', async () => {
    const { server } = await tls(0)
    expect(await reasons(server.url)).toEqual(['certificate'])
  })
})

describe('addresses inside', () => {
  it.each([
    'http://127.0.0.1/',
    'http://[::ffff:127.0.0.1]/',
    'http://169.254.169.254/latest',
    'http://localhost/',
  ])('%s is not asked unless the settings name it', async (url) => {
    expect(await reasons(url, { allowPrivate: [] })).toEqual(['private_address'])
  })

  it('are not reached by a redirect either', async () => {
    const inside = await web(page('secret'))
    const outside = await web(
      (_request, response) =>
        void response.writeHead(302, { location: `http://[::ffff:127.0.0.2]:${inside.port}/` }).end(),
    )
    expect(await reasons(outside.url)).toEqual(['private_address'])
    expect(inside.asked).toEqual([])
  })
})

it('a listing feed is as complete as its fields are filled', async () => {
  const items = [
    { name: 'SEM', fee: { hour: 200 }, contact: '暂无' },
    { name: 'NMR', fee: {}, contact: '' },
  ]
  const { url } = await web(page(JSON.stringify({ data: { items } }), 200, 'application/json'))
  const listing = { items: 'data.items', required: ['name', 'fee.hour', 'contact'] }
  expect(await probe(url, {}, { kind: 'json', listing })).toMatchObject({
    ok: true,
    fields: { filled: 3, required: 6 },
    faults: [{ reason: 'information', detail: '50.0 % of fields filled' }],
  })
})

it.each([
  [{ channels: [{ id: 'a', owner: 'x', pages: [{ id: 'p', url: 'ftp://x/' }] }] }, 'url'],
  [{ channels: [{ id: 'a', owner: 'x', pages: [{ id: 'p', url: 'http://u:p@x/' }] }] }, 'password'],
  [{ channels: [{ id: 'a', pages: [{ id: 'p', url: 'http://x/' }] }] }, 'owner'],
  [{ channels: [{ id: 'a', owner: 'x', pages: [{ id: 'p', url: 'http://x/' }], speed: 1 }] }, 'speed'],
])('settings %j are refused, naming %s', (given, name) => {
  expect(() => channelsFrom(given)).toThrow(name)
})
