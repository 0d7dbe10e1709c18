/** Cuts a stream into MQTT 3.1.1 control packets (section 2.2: one byte, then the remaining length in 1 to 4). */
export function createFrames(onFrame: (frame: Buffer) => void): (bytes: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0)
  return (bytes) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
    for (;;) {
      const whole = frameLength(rest)
      if (whole === undefined || rest.length < whole) return
      onFrame(Buffer.from(rest.subarray(0, whole)))
      rest = rest.subarray(whole)
    }
  }
}

function frameLength(bytes: Buffer): number | undefined {
  let length = 0
  for (let i = 1; i <= 4; i++) {
    const byte = bytes[i]
    if (byte === undefined) return undefined
    length += (byte & 0x7f) * 128 ** (i - 1)
    if (byte < 0x80) return 1 + i + length
  }
  throw new Error('a remaining length of more than 4 bytes')
}

const headerLength = (frame: Buffer) => {
  let i = 1
  while ((frame[i] ?? 0) >= 0x80) i++
  return i + 1
}

/** The packet id and the payload of a PUBLISH with QoS 1 to a `page` topic; undefined for everything else. */
export function isPage(frame: Buffer): { id: number; payload: Buffer } | undefined {
  const first = frame[0] ?? 0
  if (first >> 4 !== 3 || (first & 0x06) !== 0x02) return undefined
  const begin = headerLength(frame)
  const after = begin + 2 + frame.readUInt16BE(begin)
  if (
    !frame
      .subarray(begin + 2, after)
      .toString()
      .endsWith('/page')
  )
    return undefined
  return { id: frame.readUInt16BE(after), payload: frame.subarray(after + 2) }
}

/** The packet id of a PUBACK. */
export const isAck = (frame: Buffer): number | undefined =>
  (frame[0] ?? 0) >> 4 === 4 ? frame.readUInt16BE(2) : undefined

/** The same PUBLISH under another packet id and with DUP=0: what a sender that forgot it sends. */
export function withPacketId(frame: Buffer, id: number): Buffer {
  const copy = Buffer.from(frame)
  copy[0] = (copy[0] ?? 0) & ~0x08
  const begin = headerLength(copy)
  copy.writeUInt16BE(id, begin + 2 + copy.readUInt16BE(begin))
  return copy
}
