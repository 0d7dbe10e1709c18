import type { IncomingMessage, Server } from 'node:http'
import { BlockList, isIP, type Socket } from 'node:net'
import { networkOf } from '@hours/protocol'

/** Sockets at once in all, and of one address; a proxy speaks for many. */
const maxConnections = 2_000
const maxOfAddress = 200

/** How long (ms) a connection may take for its TLS handshake, its headers, its whole request, and between two requests. */
export const serverTimes = {
  handshakeTimeout: 5_000,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 10_000,
  connectionsCheckingInterval: 2_000,
} as const

interface Connection {
  readonly socket: Socket
  readonly network: string
}

/** The connections of a server. */
export interface Connections {
  /** Ends those that have asked nothing yet. */
  endSilent(): void
  endAll(): void
}

/**
 * Counts the connections of a server, before any TLS handshake. Where there are too many the one that has been silent
 * for the longest time gives way to the new one; when all have asked something the new one is refused. So sockets that
 * say nothing keep out nobody, not even people behind the same address. `proxies` (addresses or subnets) are held to
 * the whole number alone.
 */
export function holdConnections(server: Server, proxies: readonly string[] = []): Connections {
  const isProxy = listOf(proxies)
  const open = new Map<string, Connection>()
  /** Names of those that have asked nothing yet, oldest first. */
  const silent = new Set<string>()
  const counts = new Map<string, number>()

  function leave(name: string): void {
    const network = open.get(name)?.network
    if (network === undefined) return
    open.delete(name)
    silent.delete(name)
    const left = (counts.get(network) ?? 1) - 1
    if (left === 0) counts.delete(network)
    else counts.set(network, left)
  }

  /** Whether a silent one (of this network, if it is named) has made room. */
  function giveWay(network?: string): boolean {
    for (const name of silent) {
      const connection = open.get(name)
      if (network !== undefined && connection?.network !== network) continue
      leave(name)
      connection?.socket.destroy()
      return true
    }
    return false
  }

  function admit(address: string): boolean {
    const network = networkOf(address)
    if (!isProxy(address) && (counts.get(network) ?? 0) >= maxOfAddress) return giveWay(network)
    return open.size < maxConnections || giveWay()
  }

  server.prependListener('connection', (socket: Socket) => {
    const { remoteAddress: address } = socket
    if (address === undefined || !admit(address)) {
      socket.destroy()
      return
    }
    const name = nameOf(socket)
    const network = networkOf(address)
    open.set(name, { socket, network })
    silent.add(name)
    counts.set(network, (counts.get(network) ?? 0) + 1)
    socket.once('close', () => {
      // The same port may have come again since this one gave way.
      if (open.get(name)?.socket === socket) leave(name)
    })
  })
  // The request's socket is the TLS one; its ends are those of the TCP connection below it.
  server.on('request', ({ socket }: IncomingMessage) => silent.delete(nameOf(socket)))
  // Node reports a handshake that takes too long, and leaves the socket open.
  server.on('tlsClientError', (_error: Error, socket: Socket) => socket.destroy())
  return {
    endSilent() {
      for (const name of silent) open.get(name)?.socket.destroy()
    },
    endAll() {
      for (const { socket } of open.values()) socket.destroy()
    },
  }
}

const nameOf = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress ?? ''} ${remotePort ?? 0}`

/** Whether an address is one of these, or in one of these subnets (`10.0.0.0/8`). */
function listOf(texts: readonly string[]): (address: string) => boolean {
  const list = new BlockList()
  for (const text of texts) {
    const [address = '', bits] = text.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (isIP(address) === 0) continue
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  return (address) => {
    const [plain = ''] = address.split('%')
    return list.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4')
  }
}
