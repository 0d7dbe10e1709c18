import type { Client } from 'aedes'

/** What one connection may have under way before its socket is no longer read. */
export interface InFlightLimits {
  readonly packets: number
  readonly bytes: number
}

/** Counts what a connection has under way. */
export interface BackPressure {
  enter(bytes: number): void
  /** To be called before aedes is told that the packet is done: that is when it reads again. */
  leave(bytes: number): void
}

type Read = (size?: number | null) => unknown

/**
 * Stops reading a socket while too much of it waits for a commit or for its pace. aedes alone does not: it counts each
 * chunk that arrives as a packet that is done, so that a client which sends its packets one by one, each in a chunk of
 * its own, could have any number of them under way in memory. aedes asks for more after every packet that is done; as
 * long as too much is under way it is told that there is nothing, the socket's buffer fills, and TCP slows the sender.
 */
export function holdBack(client: Client, most: InFlightLimits): BackPressure {
  const socket = client.conn as unknown as { read: Read }
  const read = socket.read.bind(socket)
  let packets = 0
  let bytes = 0
  // Node itself calls read(0) to fill its buffer; aedes is the only one that calls read(null).
  socket.read = (size) =>
    size === null && (packets >= most.packets || bytes >= most.bytes) ? null : read(size)
  return {
    enter(size) {
      packets += 1
      bytes += size
    },
    leave(size) {
      packets -= 1
      bytes -= size
    },
  }
}
