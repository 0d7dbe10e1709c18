import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createManualClock, MINUTE } from '@hours/protocol'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { readChrony, watchSync } from './clock-sync.ts'
import { readSntpAnswer, sntpQuestion } from './sntp.ts'

const at = Date.UTC(2026, 0, 5)

/** An answer as a server sends it that is `ahead` ms ahead of us and received it `there` ms after we sent it. */
function answer(
  question: Buffer,
  sentAt: number,
  { ahead = 0, there = 10, stratum = 2, leap = 0 } = {},
): Buffer {
  const packet = Buffer.alloc(48)
  packet[0] = (leap << 6) | 0x24
  packet[1] = stratum
  question.copy(packet, 24, 40, 48)
  sntpQuestion(sentAt + ahead + there).copy(packet, 32, 40, 48)
  sntpQuestion(sentAt + ahead + there).copy(packet, 40, 40, 48)
  return packet
}

describe('SNTP', () => {
  it('reads offset and error of an answer to its own question', () => {
    const packet = answer(sntpQuestion(at), at, { ahead: 250 })
    expect(readSntpAnswer(packet, at, at + 20)).toEqual({ offsetMs: 250, errorMs: 10 })
  })
  it.each([
    ['another question', answer(sntpQuestion(at + 1), at)],
    ['a server that is not synchronised', answer(sntpQuestion(at), at, { leap: 3 })],
    ['a kiss of death', answer(sntpQuestion(at), at, { stratum: 0 })],
    ['a short packet', Buffer.alloc(20)],
    ['an answer from before the question', answer(sntpQuestion(at), at, { there: 10 }).fill(0, 32, 40)],
  ])('takes nothing from %s', (_, packet) => {
    expect(readSntpAnswer(packet, at, at + 20)).toBeUndefined()
  })

  it('asks a server and says since when the clock is synchronised; one that is seconds off is not', async () => {
    let ahead = 5_000
    const server = createSocket('udp4', (question, { port, address }) => {
      const seconds = question.readUInt32BE(40) - 2_208_988_800
      const sentAt = seconds * 1_000 + (question.readUInt32BE(44) / 2 ** 32) * 1_000
      server.send(answer(question, sentAt, { ahead, there: 0 }), port, address)
    })
    server.bind(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const clock = createManualClock(at)
    const watched = watchSync('sntp', clock, `127.0.0.1:${server.address().port}`)
    onTestFinished(() => watched.stop())
    expect(watched.sync().syncedAt).toBeNull()
    ahead = 3
    await vi.waitFor(
      () => {
        clock.advanceTo(clock.wall() + MINUTE)
        expect(watched.sync()).toMatchObject({ source: 'sntp', offsetMs: 3 })
      },
      { timeout: 5_000, interval: 50 },
    )
    expect(watched.sync().syncedAt).not.toBeNull()
  })
})

describe('chronyc', () => {
  const line = (last: number, leap = 'Normal') =>
    `A29FC87B,162.159.200.123,4,${last / 1_000},-0.000512,0.000023,0.000065,-13.4,0.001,0.05,0.004,0.0008,64.2,${leap}\n`
  it('counts the age of the last update, because chronyd says Normal long after its sources are gone', () => {
    expect(readChrony(line(at - 7_000), at)).toEqual({ offsetMs: -1, errorMs: 4, ageMs: 7_000 })
    expect(readChrony(line(at - 90_000_000), at)).toMatchObject({ ageMs: 90_000_000 })
  })
  it('that is not synchronised, or not there, vouches for nothing', () => {
    expect(readChrony(line(at, 'Not synchronised'), at)).toBeUndefined()
    expect(readChrony('506 Cannot talk to daemon', at)).toBeUndefined()
  })
})
