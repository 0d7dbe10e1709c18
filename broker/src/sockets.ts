import type { Server, Socket } from 'node:net'
import { networkOf } from '@hours/protocol'
import { createConnectionCount, type Limits } from './limits.ts'

/** The TCP connections of a server, counted before any TLS handshake, so that sockets that never finish it count too. */
export function holdSockets(
  server: Server,
  limits: Limits,
  onRefused: () => void,
): { open(): number; destroyAll(): void } {
  const connections = createConnectionCount(limits)
  const sockets = new Set<Socket>()
  server.prependListener('connection', (socket: Socket) => {
    const leave = connections.admit(networkOf(socket.remoteAddress ?? ''))
    if (!leave) {
      onRefused()
      socket.destroy()
      return
    }
    // A gateway whose power was cut says nothing any more, whatever keep-alive it asked for.
    socket.setKeepAlive(true, 60_000)
    sockets.add(socket)
    socket.once('close', () => {
      sockets.delete(socket)
      leave()
    })
  })
  return {
    open: () => connections.open(),
    destroyAll: () => {
      for (const socket of sockets) socket.destroy()
    },
  }
}
