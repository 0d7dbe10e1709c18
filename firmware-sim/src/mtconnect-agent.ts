import { createServer } from 'node:http'

/** What the machine's controller says now. */
export interface MachineState {
  readonly availability: 'AVAILABLE' | 'UNAVAILABLE'
  readonly execution: string
  readonly at: number
  readonly condition?: 'Normal' | 'Warning' | 'Fault' | 'Unavailable'
}

/** An MTConnect agent on loopback that answers `GET /current` as the standard's streams document (part 3). */
export async function createMtconnectAgent(
  read: () => MachineState,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://127.0.0.1').pathname
    if (request.method !== 'GET' || !/^(\/[\w-]+)?\/current$/.test(path)) {
      response.writeHead(404).end()
      return
    }
    response.writeHead(200, { 'content-type': 'text/xml' }).end(streams(read()))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function streams({ availability, execution, at, condition = 'Normal' }: MachineState): string {
  const time = new Date(at).toISOString()
  return `<?xml version="1.0" encoding="UTF-8"?>
<MTConnectStreams xmlns="urn:mtconnect.org:MTConnectStreams:2.0">
  <Header creationTime="${time}" sender="sim" instanceId="1" version="2.0" bufferSize="1024" nextSequence="10" firstSequence="1" lastSequence="9"/>
  <Streams>
    <DeviceStream name="XRD-1" uuid="sim-xrd-1">
      <ComponentStream component="Device" name="XRD-1" componentId="d1">
        <Events><Availability dataItemId="avail" timestamp="${time}" sequence="7">${availability}</Availability></Events>
      </ComponentStream>
      <ComponentStream component="Path" name="path" componentId="p1">
        <Events><Execution dataItemId="exec" timestamp="${time}" sequence="8">${execution}</Execution></Events>
        <Condition><${condition} dataItemId="sys" timestamp="${time}" sequence="9" type="SYSTEM"/></Condition>
      </ComponentStream>
    </DeviceStream>
  </Streams>
</MTConnectStreams>
`
}
