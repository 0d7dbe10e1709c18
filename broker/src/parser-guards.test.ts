import { connect } from 'node:net'
import { pino } from 'pino'
import { expect, it } from 'vitest'
import { createBroker } from './broker.ts'

it('refuses a CONNECT of 250 MB by its announced length and keeps none of it', async () => {
  const broker = await createBroker({
    commit: () => Promise.resolve(),
    directory: { find: () => undefined },
    log: pino({ level: 'silent' }),
    listen: { host: '127.0.0.1', port: 0, allowPlain: true },
  })
  try {
    const before = process.memoryUsage.rss()
    const socket = connect(broker.port, '127.0.0.1')
    socket.on('error', () => undefined)
    const closed = new Promise((resolve) => socket.once('close', resolve))
    // Remaining length 0xF9_FF_FF_7F = 268,435,321 bytes: just below the most that MQTT can say.
    socket.write(Buffer.from([0x10, 0xf9, 0xff, 0xff, 0x7f]))
    const chunk = Buffer.alloc(64 * 1024)
    let sent = 0
    const flood = () => {
      while (!socket.destroyed && sent < 250 * 2 ** 20 && socket.write(chunk)) sent += chunk.length
    }
    socket.on('drain', flood)
    flood()
    await closed
    expect(sent).toBeLessThan(16 * 2 ** 20)
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * 2 ** 20)
  } finally {
    await broker.close()
  }
})
