import { createServer, type Server, type Socket } from 'node:net'

/** What the meter shows at the moment it is asked. */
export interface MeterReading {
  readonly watts: number
  readonly wattHours: number
  readonly volts?: number
}

export interface ModbusMeter {
  readonly port: number
  /** Requests answered, by function code: a test can see that nothing was ever written. */
  readonly requests: ReadonlyMap<number, number>
  close(): Promise<void>
}

/** Register maps of the Eastron meters (function 04, two registers, float32 big-endian) by register address. */
const registers: Readonly<
  Record<'sdm120' | 'sdm630', Readonly<Record<number, (r: MeterReading) => number>>>
> = {
  sdm120: {
    0x0000: (r) => r.volts ?? 230.2,
    0x000c: (r) => r.watts,
    0x0046: () => 50,
    0x0048: (r) => r.wattHours / 1_000,
    0x0156: (r) => r.wattHours / 1_000,
  },
  sdm630: {
    0x0000: (r) => r.volts ?? 230.2,
    0x000c: (r) => r.watts / 3,
    0x000e: (r) => r.watts / 3,
    0x0010: (r) => r.watts / 3,
    0x0034: (r) => r.watts,
    0x0046: () => 50,
    0x0048: (r) => r.wattHours / 1_000,
    0x0156: (r) => r.wattHours / 1_000,
  },
}

/** A Modbus TCP meter on loopback: answers function 04, refuses every other one with exception 1 (illegal function). */
export async function createModbusMeter(options: {
  readonly model: 'sdm120' | 'sdm630'
  readonly unit?: number
  readonly port?: number
  /** Behind a converter, which answers for units that are not there; a line of its own is silent. */
  readonly isConverted?: boolean
  readonly read: () => MeterReading
}): Promise<ModbusMeter> {
  const requests = new Map<number, number>()
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    let buffer: Buffer = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      buffer = Buffer.concat([buffer, chunk])
      while (buffer.length >= 8 && buffer.length >= 6 + buffer.readUInt16BE(4)) {
        const length = 6 + buffer.readUInt16BE(4)
        const answer = answerTo(buffer.subarray(0, length), options, requests)
        if (answer) socket.write(answer)
        buffer = buffer.subarray(length)
      }
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    requests,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}

function answerTo(
  request: Buffer,
  options: Parameters<typeof createModbusMeter>[0],
  requests: Map<number, number>,
): Buffer | undefined {
  const unit = request[6] ?? 0
  const code = request[7] ?? 0
  if (unit !== (options.unit ?? 1))
    // Exception 11: the gateway's target device failed to respond.
    return options.isConverted === true ? frame(request, Buffer.from([code | 0x80, 11])) : undefined
  requests.set(code, (requests.get(code) ?? 0) + 1)
  if (code !== 4 || request.length < 12) return frame(request, Buffer.from([code | 0x80, 1]))
  const start = request.readUInt16BE(8)
  const count = request.readUInt16BE(10)
  if (count < 1 || count > 80) return frame(request, Buffer.from([code | 0x80, 3]))
  const data = Buffer.alloc(2 + count * 2)
  data[0] = 4
  data[1] = count * 2
  const reading = options.read()
  for (let register = 0; register + 1 < count; register += 2) {
    const value = registers[options.model][start + register]
    data.writeFloatBE(value ? value(reading) : 0, 2 + register * 2)
  }
  return frame(request, data)
}

function frame(request: Buffer, body: Buffer): Buffer {
  const header = Buffer.alloc(7)
  request.copy(header, 0, 0, 4)
  header.writeUInt16BE(body.length + 1, 4)
  header[6] = request[6] ?? 0
  return Buffer.concat([header, body])
}
