import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { gatewayPassword } from './fleet.ts'
import { connectLoad } from './mqtt-load.ts'

/** As many gateways as the page and state benches use side by side. */
export const connections = 16

/** Ingest and broker in a process of their own, so that their CPU and memory can be told. */
export interface BenchServer {
  readonly child: ChildProcess
  readonly port: number
  metrics(): Promise<Record<string, number>>
  stop(): Promise<void>
}

export async function startServer(gateways: number, perGateway: number): Promise<BenchServer> {
  const child = fork(join(import.meta.dirname, 'server.ts'), [String(gateways), String(perGateway)], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  if (!child.stdout) throw new Error('the server has no output')
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const { port } = JSON.parse(line.toString()) as { port: number }
  return {
    child,
    port,
    async metrics() {
      const answer = once(child, 'message') as Promise<[Record<string, number>]>
      child.send('metrics')
      return (await answer)[0]
    },
    async stop() {
      const ended = once(child, 'exit')
      child.send('stop')
      await ended
    },
  }
}

/** One raw connection a gateway. */
export const connectAll = (port: number, gateways: readonly string[]) =>
  Promise.all(
    gateways.map((gateway) =>
      connectLoad({ port, clientId: gateway, username: gateway, password: gatewayPassword }),
    ),
  )
