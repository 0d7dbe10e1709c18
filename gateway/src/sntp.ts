import { createSocket } from 'node:dgram'

/** What one SNTP answer says of this machine's clock, ms; RFC 4330, section 5. */
export interface SntpReading {
  /** Server minus us. */
  readonly offsetMs: number
  /** Half the round trip, plus what the server says of its own distance. */
  readonly errorMs: number
}

/** Seconds between 1900 and 1970. */
const ntpEpoch = 2_208_988_800

/** The 48 bytes of a question: version 4, mode 3; our transmit time comes back as the originate time. */
export function sntpQuestion(sentAt: number): Buffer {
  const packet = Buffer.alloc(48)
  packet[0] = 0x23
  writeTime(packet, 40, sentAt)
  return packet
}

/** Reads an answer; undefined when it is none to this question, or the server is not synchronised itself. */
export function readSntpAnswer(
  packet: Uint8Array,
  sentAt: number,
  arrivedAt: number,
): SntpReading | undefined {
  if (packet.length < 48) return undefined
  const view = Buffer.from(packet.buffer, packet.byteOffset, packet.length)
  const [leap, mode, stratum] = [view.readUInt8(0) >> 6, view.readUInt8(0) & 7, view.readUInt8(1)]
  if (leap === 3 || mode !== 4 || stratum === 0 || stratum > 15) return undefined
  if (!view.subarray(24, 32).equals(sntpQuestion(sentAt).subarray(40, 48))) return undefined
  const [received, transmitted] = [readTime(view, 32), readTime(view, 40)]
  const roundTrip = arrivedAt - sentAt - (transmitted - received)
  if (roundTrip < 0 || roundTrip > 5_000) return undefined
  const distance = (view.readInt32BE(4) / 2 + view.readUInt32BE(8)) / 65.536
  return {
    offsetMs: Math.round((received - sentAt + transmitted - arrivedAt) / 2),
    errorMs: Math.ceil(roundTrip / 2 + distance),
  }
}

/** Asks `server` once; undefined when there is no good answer within 5 s. Reads the clock, never sets it. */
export function askSntp(server: string, wall: () => number): Promise<SntpReading | undefined> {
  const [host = server, port = '123'] = server.split(':')
  return new Promise((resolve) => {
    const socket = createSocket('udp4')
    const end = (reading?: SntpReading) => {
      clearTimeout(timer)
      socket.close()
      resolve(reading)
    }
    const timer = setTimeout(end, 5_000)
    const sentAt = wall()
    socket.once('error', () => end())
    socket.once('message', (packet) => end(readSntpAnswer(packet, sentAt, wall())))
    socket.send(sntpQuestion(sentAt), Number(port), host)
  })
}

function writeTime(packet: Buffer, at: number, unixMs: number): void {
  packet.writeUInt32BE((Math.floor(unixMs / 1_000) + ntpEpoch) >>> 0, at)
  packet.writeUInt32BE(Math.floor(((unixMs % 1_000) / 1_000) * 2 ** 32), at + 4)
}

function readTime(packet: Buffer, at: number): number {
  const seconds = packet.readUInt32BE(at)
  // Era 1 begins in 2036 (RFC 4330, section 3): small values are after it.
  const era = seconds < 2_147_483_648 ? 2 ** 32 : 0
  return (seconds + era - ntpEpoch) * 1_000 + (packet.readUInt32BE(at + 4) / 2 ** 32) * 1_000
}
