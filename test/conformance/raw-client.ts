import { connect, type Socket } from 'node:net'

/** One packet as it came: type (table 2.1), flags, the bytes after the fixed header. */
export interface RawPacket {
  readonly type: number
  readonly flags: number
  readonly body: Buffer
}

/** A connection that says exactly the bytes it is told, right or wrong. */
export interface RawClient {
  send(...packets: readonly Uint8Array[]): void
  /** The next packet, or `closed`; rejects after `limit` ms of silence. */
  next(limit?: number): Promise<RawPacket | 'closed'>
  /** Resolves when the other side has closed, whatever comes before; rejects after `limit` ms. */
  closed(limit?: number): Promise<void>
  destroy(): void
  readonly socket: Socket
}

export const u16 = (value: number) => Buffer.from([value >> 8, value & 255])
export const bytes = (...values: readonly number[]) => Buffer.from(values)
/** A string with its length; a Buffer goes as it is, so that it may be no UTF-8 at all. */
export const str = (value: string | Uint8Array) => {
  const raw = Buffer.from(value as Uint8Array)
  return Buffer.concat([u16(raw.length), raw])
}

/** A packet with this first byte; the remaining length is worked out. */
export function packet(first: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  const length: number[] = []
  let rest = body.length
  do {
    const digit = rest % 128
    rest = Math.floor(rest / 128)
    length.push(rest > 0 ? digit | 128 : digit)
  } while (rest > 0)
  return Buffer.concat([bytes(first, ...length), body])
}

export interface ConnectFields {
  readonly id: string | Uint8Array
  readonly username?: string
  readonly password?: string
  readonly will?: {
    readonly topic: string
    readonly payload: string
    readonly qos?: number
    readonly retain?: boolean
  }
  readonly clean?: boolean
  readonly keepalive?: number
  readonly name?: string
  readonly level?: number
  /** Flags to set besides those that follow from the fields, right or wrong. */
  readonly flags?: number
}

export function connectPacket(fields: ConnectFields): Buffer {
  const { id, username, password, will, clean = true, keepalive = 60, name = 'MQTT', level = 4 } = fields
  const willFlags = will ? 4 | ((will.qos ?? 0) << 3) | (will.retain ? 32 : 0) : 0
  const flags =
    (fields.flags ?? 0) |
    (clean ? 2 : 0) |
    willFlags |
    (username === undefined ? 0 : 128) |
    (password === undefined ? 0 : 64)
  return packet(
    0x10,
    str(name),
    bytes(level, flags),
    u16(keepalive),
    str(id),
    ...(will ? [str(will.topic), str(will.payload)] : []),
    ...(username === undefined ? [] : [str(username)]),
    ...(password === undefined ? [] : [str(password)]),
  )
}

export const publishPacket = (
  topic: string | Uint8Array,
  payload: string,
  { qos = 0, id = 1, retain = false, dup = false } = {},
) =>
  packet(
    0x30 | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0),
    str(topic),
    ...(qos > 0 ? [u16(id)] : []),
    Buffer.from(payload),
  )

export const subscribePacket = (id: number, ...filters: readonly (readonly [string, number])[]) =>
  packet(0x82, u16(id), ...filters.flatMap(([filter, qos]) => [str(filter), bytes(qos)]))

export const unsubscribePacket = (id: number, ...filters: readonly string[]) =>
  packet(0xa2, u16(id), ...filters.map(str))

/** Topic, QoS, flags and payload of a PUBLISH. */
export function readPublish({ flags, body }: RawPacket) {
  const length = body.readUInt16BE(0)
  const qos = (flags >> 1) & 3
  const at = 2 + length
  return {
    topic: body.toString('utf8', 2, at),
    qos,
    retain: (flags & 1) === 1,
    dup: (flags & 8) === 8,
    id: qos > 0 ? body.readUInt16BE(at) : undefined,
    payload: body.toString('utf8', at + (qos > 0 ? 2 : 0)),
  }
}

/** Takes whole packets off the front of `buffer`; returns what is left. */
function split(buffer: Buffer, take: (one: RawPacket) => void): Buffer {
  let rest = buffer
  for (;;) {
    let length = 0
    let at = 1
    let digit: number | undefined
    do {
      digit = rest[at]
      if (digit === undefined) return rest
      length += (digit & 127) << (7 * (at - 1))
      at += 1
    } while (digit & 128)
    if (rest.length < at + length) return rest
    take({ type: rest[0]! >> 4, flags: rest[0]! & 15, body: rest.subarray(at, at + length) })
    rest = rest.subarray(at + length)
  }
}

const silence = (limit: number, what: string) => {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`${what} within ${limit} ms`)), limit)
  return { promise, cancel: () => clearTimeout(timer) }
}

export async function openRaw(port: number): Promise<RawClient> {
  const socket = connect(port, '127.0.0.1')
  socket.setNoDelay(true)
  const arrived: (RawPacket | 'closed')[] = []
  let wake: (() => void) | undefined
  let buffer: Buffer = Buffer.alloc(0)
  const put = (one: RawPacket | 'closed') => {
    arrived.push(one)
    wake?.()
  }
  socket.on('data', (chunk: Buffer) => {
    buffer = split(Buffer.concat([buffer, chunk]), put)
  })
  socket.on('error', () => undefined)
  const gone = new Promise<void>((resolve) =>
    socket.once('close', () => {
      put('closed')
      resolve()
    }),
  )
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  return {
    socket,
    send: (...packets) => void socket.write(Buffer.concat(packets)),
    async next(limit = 5_000) {
      const quiet = silence(limit, 'no packet')
      try {
        for (;;) {
          const one = arrived.shift()
          if (one !== undefined) return one
          await Promise.race([new Promise<void>((resolve) => (wake = resolve)), quiet.promise])
        }
      } finally {
        quiet.cancel()
      }
    },
    async closed(limit = 5_000) {
      const quiet = silence(limit, 'not closed')
      await Promise.race([gone, quiet.promise]).finally(quiet.cancel)
    },
    destroy: () => socket.destroy(),
  }
}
