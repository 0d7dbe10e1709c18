import { createServer, type Server } from 'node:net'
import { Aedes } from 'aedes'

/** The local broker of a simulated lab: plugs publish, gateways listen; loopback only. */
export interface PlugBroker {
  readonly url: string
  close(): Promise<void>
}

export async function createPlugBroker(port = 0): Promise<PlugBroker> {
  const aedes = await Aedes.createBroker()
  const server: Server = createServer((socket) => void aedes.handle(socket))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the plug broker has no port')
  return {
    url: `mqtt://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        aedes.close(() => server.close(() => resolve()))
      }),
  }
}
