import { createServer } from 'node:http'
import { createMtconnectAgent, type MachineState } from '@hours/firmware-sim'
import { describe, expect, it, onTestFinished } from 'vitest'
import { instrument, runSources, type SourceText } from './sources.fixture.ts'

const mtconnect = (url: string): SourceText => ({ kind: 'mtconnect', url, everyMs: 500 })

async function agent(first: Partial<MachineState>) {
  const usual: MachineState = { availability: 'AVAILABLE', execution: 'READY', at: Date.UTC(2026, 0, 5) }
  let state: MachineState = { ...usual, ...first }
  const made = await createMtconnectAgent(() => state)
  onTestFinished(() => made.close())
  return {
    url: made.url,
    close: () => made.close(),
    say: (next: Partial<MachineState>) => (state = { ...usual, ...next }),
  }
}

/** A server that answers everything in one way. */
async function answering(
  status: number,
  body: string,
  headers: Record<string, string> = {},
): Promise<string> {
  const server = createServer((_, response) => response.writeHead(status, headers).end(body))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`
}

describe('an MTConnect agent', () => {
  it('is asked what its machine does', async () => {
    const { url, say } = await agent({ execution: 'ACTIVE' })
    const { shows } = runSources([instrument(mtconnect(url))])
    await shows('run')
    say({ execution: 'FEED_HOLD' })
    await shows('standby')
    say({ execution: 'STOPPED', condition: 'Fault' })
    await shows('fault')
  })

  it('that says UNAVAILABLE is coverage lost, and there again once it says otherwise', async () => {
    const { url, say } = await agent({ execution: 'ACTIVE' })
    const { shows, raises, ends } = runSources([instrument(mtconnect(url), { maxGapMs: 1_500 })])
    await shows('run')
    say({ availability: 'UNAVAILABLE', execution: 'UNAVAILABLE' })
    await raises('source_offline:sem-01')
    await shows('unknown')
    say({ execution: 'ACTIVE' })
    await shows('run')
    await ends('source_offline:sem-01')
  })

  it('that says UNAVAILABLE is unknown at once, however long a gap is borne otherwise', async () => {
    const { url, say } = await agent({ execution: 'ACTIVE' })
    const { shows } = runSources([instrument(mtconnect(url), { maxGapMs: 90_000 })])
    await shows('run')
    say({ availability: 'UNAVAILABLE' })
    await shows('unknown')
  })

  it('that goes away is offline and its time unknown', async () => {
    const { url, close } = await agent({ execution: 'ACTIVE' })
    const { shows, raises } = runSources([instrument(mtconnect(url), { maxGapMs: 1_500 })])
    await shows('run')
    await close()
    await raises('source_offline:sem-01')
    await shows('unknown')
  })

  it.each([
    ['an error', 500, 'no', {}, 'no_reading'],
    ['a page of something else', 200, '<html><body>router</body></html>', {}, 'not_xml'],
    ['a document without end', 200, 'x'.repeat(4_100_000), {}, 'no_reading'],
    ['bytes that are no text', 200, '\ud800', {}, 'not_xml'],
    ['somewhere else', 302, '', { location: 'http://127.0.0.1:1/' }, 'no_reading'],
  ])('%s for an answer counts for nothing', async (_, status, body, headers, code) => {
    const { raises, now } = runSources([instrument(mtconnect(await answering(status, body, headers)))])
    await raises(`source_refused:sem-01:${code}`)
    expect(now()).toEqual(['unknown', null])
  })
})
