import { connect, type Socket } from 'node:net'

/** One raw MQTT 3.1.1 connection that publishes QoS 1 and counts PUBACKs: cheap enough not to be what is measured. */
export interface LoadClient {
  /** Publishes all of `messages` with at most `window` without PUBACK; resolves when the last is acknowledged. */
  publishAll(messages: Iterable<LoadMessage>, window: number): Promise<void>
  /** Publishes one at once, whatever is under way. */
  send(message: LoadMessage): void
  /** Resolves when the broker or `close` has ended the connection. */
  readonly ended: Promise<void>
  /** Acknowledged so far. */
  acknowledged(): number
  /** Called with topic and payload of whatever is sent down. */
  onMessage(listener: (topic: string, payload: Buffer) => void): void
  subscribe(topic: string): Promise<void>
  close(): void
}

export interface LoadMessage {
  readonly topic: string
  readonly payload: Uint8Array
  readonly retain?: boolean
}

const text = (value: string) => {
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes])
}

function packet(type: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  const length: number[] = []
  let rest = body.length
  do {
    const digit = rest % 128
    rest = Math.floor(rest / 128)
    length.push(rest > 0 ? digit | 128 : digit)
  } while (rest > 0)
  return Buffer.concat([Buffer.from([type, ...length]), body])
}

export async function connectLoad(options: {
  port: number
  clientId: string
  username?: string
  password?: string
}): Promise<LoadClient> {
  const socket: Socket = connect(options.port, '127.0.0.1')
  socket.setNoDelay(true)
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  let acknowledged = 0
  let sent = 0
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  let wake: (() => void) | undefined
  let subscribed: (() => void) | undefined
  let listener: (topic: string, payload: Buffer) => void = () => undefined
  const admitted = Promise.withResolvers<undefined>()
  let buffer: Buffer = Buffer.alloc(0)

  function take(first: number, body: Buffer): void {
    const type = first >> 4
    if (type === 2) {
      if (body[1] === 0) admitted.resolve(undefined)
      else admitted.reject(new Error(`CONNACK ${String(body[1])} for ${options.clientId}`))
    } else if (type === 4) {
      acknowledged += 1
      wake?.()
    } else if (type === 9) subscribed?.()
    else if (type === 3) {
      const topicLength = body.readUInt16BE(0)
      const qos = (first >> 1) & 3
      const at = 2 + topicLength + (qos > 0 ? 2 : 0)
      if (qos > 0) socket.write(packet(0x40, body.subarray(2 + topicLength, at)))
      listener(body.toString('utf8', 2, 2 + topicLength), body.subarray(at))
    }
  }

  socket.on('data', (chunk: Buffer) => {
    buffer = buffer.length === 0 ? chunk : Buffer.concat([buffer, chunk])
    for (;;) {
      let length = 0
      let shift = 0
      let at = 1
      let digit: number | undefined
      do {
        digit = buffer[at++]
        if (digit === undefined) return
        length += (digit & 127) << shift
        shift += 7
      } while (digit & 128)
      if (buffer.length < at + length) return
      take(buffer[0] ?? 0, buffer.subarray(at, at + length))
      buffer = buffer.subarray(at + length)
    }
  })
  // The broker may reset a connection that does not behave; `ended` says so.
  socket.on('error', () => undefined)
  socket.on('close', () => {
    admitted.reject(new Error(`${options.clientId}: closed by the broker`))
    wake?.()
  })

  const flags = 2 | (options.username ? 0x80 : 0) | (options.password ? 0x40 : 0)
  socket.write(
    packet(
      0x10,
      text('MQTT'),
      // Keepalive of an hour: nothing here pings.
      Buffer.from([4, flags, 0x0e, 0x10]),
      text(options.clientId),
      ...(options.username ? [text(options.username)] : []),
      ...(options.password ? [text(options.password)] : []),
    ),
  )
  await admitted.promise

  return {
    acknowledged: () => acknowledged,
    onMessage(next) {
      listener = next
    },
    subscribe(topic) {
      const done = new Promise<void>((resolve) => {
        subscribed = resolve
      })
      socket.write(packet(0x82, Buffer.from([0, 1]), text(topic), Buffer.from([1])))
      return done
    },
    async publishAll(messages, window) {
      for (const message of messages) {
        while (sent - acknowledged >= window) await waiting()
        put(message)
      }
      while (acknowledged < sent) await waiting()
    },
    send: put,
    ended,
    close: () => socket.destroy(),
  }

  function put({ topic, payload, retain }: LoadMessage): void {
    if (socket.destroyed) return
    sent += 1
    const id = (sent % 65_535) + 1
    const first = retain ? 0x33 : 0x32
    socket.write(packet(first, text(topic), Buffer.from([id >> 8, id & 255]), Buffer.from(payload)))
  }

  function waiting(): Promise<void> {
    if (socket.destroyed) throw new Error(`${options.clientId}: the broker closed the connection under load`)
    return new Promise((resolve) => {
      wake = resolve
    })
  }
}
