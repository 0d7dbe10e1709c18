import { createServer } from 'node:net'
import { createOpcuaMachine, type MachineItem } from '@hours/firmware-sim'
import { describe, expect, it, onTestFinished } from 'vitest'
import { instrument, runSources } from './sources.fixture.ts'

const usual: MachineItem = {
  item: 'Executing',
  unit: 'Running',
  powerOnMs: 3_600_000,
  operationMs: 1_800_000,
  watts: 812.5,
}

async function machine(change: Partial<MachineItem> = {}, port = 0) {
  const made = await createOpcuaMachine({ ...usual, ...change }, port)
  let closed = false
  const close = async () => {
    if (closed) return
    closed = true
    await made.close()
  }
  onTestFinished(close)
  const { endpoint, port: at, nodes, requests } = made
  return { endpoint, port: at, nodes, requests, close, say: (next: Partial<MachineItem>) => made.say(next) }
}
const opcua = (endpoint: string, nodes: Record<string, string>) => ({
  kind: 'opcua' as const,
  endpoint,
  everyMs: 300,
  ...nodes,
})

describe('an OPC UA server', () => {
  it('of Machinery states is read, with its power-on counter; nothing is written or called', async () => {
    const { endpoint, nodes, say, requests } = await machine()
    const source = opcua(endpoint, {
      stateNode: nodes.item,
      onTimeNode: nodes.powerOn,
      runTimeNode: nodes.operation,
    })
    const { shows, raises, ends } = runSources([instrument(source)])
    await shows('run')
    say({ item: 'NotExecuting' })
    await shows('standby')
    say({ item: 'NotAvailable' })
    await raises('source_offline:sem-01')
    say({ item: 'Executing' })
    await ends('source_offline:sem-01')
    await shows('run')
    say({ item: null })
    await raises('source_offline:sem-01')
    say({ item: 'Dancing' })
    await raises('source_refused:sem-01:bad_field')
    const allowed =
      /^(OpenSecureChannel|CloseSecureChannel|GetEndpoints|CreateSession|ActivateSession|CloseSession|Read)Request$/
    expect([...requests.keys()].filter((name) => !allowed.test(name))).toEqual([])
    expect(requests.get('ReadRequest')).toBeGreaterThan(3)
  })

  it('of LADS functional units is read, and power beside it', async () => {
    const { endpoint, nodes, say } = await machine()
    const states = instrument(opcua(endpoint, { stateNode: nodes.unit, profile: 'lads' }))
    const power = instrument(opcua(endpoint, { powerNode: nodes.watts }), { id: 'xrd-01' })
    const { shows, now } = runSources([states, power])
    await shows('run')
    say({ unit: 'Aborted', watts: 41 })
    await shows('fault')
    say({ unit: 'Stopped' })
    await shows('standby')
    expect(now('xrd-01')).toEqual(['standby', 41_000])
  })

  it('that goes away is offline and its time unknown; back again it is read on', async () => {
    const { endpoint, port, nodes, close } = await machine()
    const source = opcua(endpoint, { stateNode: nodes.item })
    const { shows, raises, ends } = runSources([instrument(source, { maxGapMs: 2_000 })])
    await shows('run')
    await close()
    await raises('source_offline:sem-01')
    await shows('unknown')
    await machine({ item: 'NotExecuting' }, port)
    await shows('standby')
    await ends('source_offline:sem-01')
  })

  it('without that node, or without that namespace, gives no reading', async () => {
    const { endpoint } = await machine()
    const { raises, now } = runSources([
      instrument(opcua(endpoint, { stateNode: 'ns=1;s=nowhere' })),
      instrument(opcua(endpoint, { stateNode: 'nsu=urn:nobody;i=1' }), { id: 'xrd-01' }),
      instrument(opcua(endpoint, {}), { id: 'nmr-01' }),
    ])
    await raises('source_offline:sem-01')
    await raises('source_offline:xrd-01')
    await raises('source_failed:nmr-01')
    expect([now(), now('xrd-01'), now('nmr-01')].map(([state]) => state)).toEqual([
      'unknown',
      'unknown',
      'unknown',
    ])
  })

  it.each([
    ['says nothing', undefined],
    ['says rubbish', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ])('that %s counts for nothing, and ends nothing', async (_, words) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.on('data', () => {
        if (words !== undefined) socket.write(words)
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as { port: number }
    const source = opcua(`opc.tcp://127.0.0.1:${port}`, { stateNode: 'ns=1;i=1' })
    const { raises, now } = runSources([instrument(source)])
    await raises('source_offline:sem-01')
    expect(now()).toEqual(['unknown', null])
  })
})
