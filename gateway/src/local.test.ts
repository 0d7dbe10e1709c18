import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { expect, it, onTestFinished, vi } from 'vitest'
import { listenLocally } from './local.ts'

/** A broker made of nothing but the first byte of each packet (MQTT 3.1.1, section 2.2.1). */
async function wire() {
  const types: number[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('data', (data: Buffer) => {
      // Packets of these tests are shorter than 128 bytes: one byte of length.
      for (let at = 0; at + 1 < data.length; at += 2 + (data[at + 1] ?? 0)) {
        const type = (data[at] ?? 0) >> 4
        types.push(type)
        if (type === 1) socket.write(Buffer.from([0x20, 2, 0, 0]))
        if (type === 8) socket.write(Buffer.from([0x90, 3, data[at + 2] ?? 0, data[at + 3] ?? 0, 0]))
        if (type === 10) socket.write(Buffer.from([0xb0, 2, data[at + 2] ?? 0, data[at + 3] ?? 0]))
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { types, sockets, url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

it('the local listener has no way to publish, and no PUBLISH leaves it, whatever comes in', async () => {
  const { types, sockets, url } = await wire()
  const heard: string[] = []
  const connected: boolean[] = []
  const listener = listenLocally({ url }, ['tele/pow1/SENSOR'], {
    onMessage: (topic) => void heard.push(topic),
    onConnected: (on) => void connected.push(on),
  })
  expect(Object.keys(listener).sort()).toEqual(['connected', 'follow', 'stop'])
  await vi.waitFor(() => expect(types).toContain(8), { timeout: 5_000 })
  // A command topic is not followed by a command, nor a QoS 1 message by anything but its PUBACK.
  const message = (topic: string, flags: number) => {
    const id = flags === 0x32 ? [0, 7] : []
    const body = Buffer.concat([
      Buffer.from([0, topic.length]),
      Buffer.from(topic),
      Buffer.from(id),
      Buffer.from('ON'),
    ])
    return Buffer.concat([Buffer.from([flags, body.length]), body])
  }
  for (const socket of sockets) {
    socket.write(message('tele/pow1/SENSOR', 0x30))
    socket.write(message('cmnd/pow1/POWER', 0x32))
  }
  await vi.waitFor(() => expect(heard).toHaveLength(2), { timeout: 5_000 })
  listener.follow(['shellies/a/relay/0/power'])
  await vi.waitFor(() => expect(types.filter((type) => type === 8)).toHaveLength(2), { timeout: 5_000 })
  expect(types).toContain(10)
  await listener.stop()
  expect(types).not.toContain(3)
  expect(connected[0]).toBe(true)
})
