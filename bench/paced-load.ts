import { setTimeout as pause } from 'node:timers/promises'
import { connectLoad, type LoadClient, type LoadMessage } from './mqtt-load.ts'

export interface PacedLoad {
  readonly connections: number
  /** Messages a second over all connections together. */
  readonly rate: number
  readonly seconds: number
  readonly login: (connection: number) => {
    port: number
    clientId: string
    username?: string
    password?: string
  }
  /** The `i`-th message of a connection. */
  readonly message: (connection: number, i: number) => LoadMessage
}

/**
 * Publishes at a fixed rate, QoS 1, whatever happens below: a connection that breaks is made again, and what has no
 * PUBACK is sent again, as a gateway does. Resolves to the number of messages when each has its PUBACK.
 */
export async function pacedLoad(load: PacedLoad): Promise<number> {
  const each = Math.round((load.rate * load.seconds) / load.connections)
  const began = performance.now()
  const due = () =>
    Math.min(each, Math.ceil(((performance.now() - began) / 1_000) * (load.rate / load.connections)))

  async function connection(c: number): Promise<void> {
    let client: LoadClient | undefined
    let acknowledged = 0
    for (let before = 0; acknowledged < each; ) {
      try {
        client ??= await connectLoad(load.login(c))
        const to = due()
        const messages = Array.from({ length: to - acknowledged }, (_, i) =>
          load.message(c, acknowledged + i),
        )
        await client.publishAll(messages, 500)
        acknowledged = to
        await pause(10)
      } catch {
        acknowledged = before + (client?.acknowledged() ?? 0)
        before = acknowledged
        client?.close()
        client = undefined
        await pause(50)
      }
    }
    client?.close()
  }
  await Promise.all(Array.from({ length: load.connections }, (_, c) => connection(c)))
  return each * load.connections
}
