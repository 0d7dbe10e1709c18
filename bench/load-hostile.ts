import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { signRecord } from '@hours/ledger'
import {
  encodeStatus,
  type InstrumentId,
  type Millis,
  pageTopic,
  powerTopic,
  receiptTopic,
  stateTopic,
  statusTopic,
} from '@hours/protocol'
import { type BenchGateway, gatewayPassword, signedPages, site } from './fleet.ts'
import { connectLoad, type LoadClient } from './mqtt-load.ts'

/** What an enrolled gateway that has turned against the site does, again and again. */
export const attacks = [
  'bad signatures',
  'topics of others',
  'replays',
  'flapping',
  'oversized',
  'garbage',
  'silent sockets',
  'filters',
  'wrong pages',
  'full speed',
  'states of others',
] as const
export type Attack = (typeof attacks)[number]

export interface Hostile extends BenchGateway {
  readonly attack: Attack
  /** Attacks so far. */
  readonly count: () => number
  /** Goes on until `stop`. */
  run(port: number): Promise<void>
  stop(): void
}

export interface HostileOptions {
  readonly attack: Attack
  readonly victim: BenchGateway
  /** The newest page of the victim, as somebody on the wire would have it. */
  readonly overheard: () => Uint8Array | undefined
  readonly now: () => Millis
  readonly random: () => number
  /** ms of real time between two attacks. */
  readonly pauseMs: number
}

export function createHostile(one: BenchGateway, options: HostileOptions): Hostile {
  const { attack, victim, random } = options
  const { gateway, signer, instruments } = one
  const own = pageTopic(site, gateway)
  const [instrument = '' as InstrumentId] = instruments
  const [first] = signedPages(one, 1)
  const valid = Buffer.from(first?.payload ?? '')
  let count = 0
  let client: LoadClient | undefined
  const state = { over: false, port: 0 }

  const login = (clientId: string, password: string) =>
    connectLoad({ port: state.port, clientId, username: clientId, password })

  /** The open connection, or a new one: the site ends those that break the protocol. */
  async function connected(): Promise<LoadClient> {
    if (client) return client
    const fresh = await login(gateway, gatewayPassword)
    client = fresh
    void fresh.ended.then(() => {
      if (client === fresh) client = undefined
    })
    return fresh
  }

  const noise = (bytes: number) =>
    Buffer.from(Array.from({ length: bytes }, () => Math.floor(random() * 256)))

  /** A page of its own that it has signed itself, with `change` in it. */
  function signed(change: object): Uint8Array {
    const page = JSON.parse(
      Buffer.from(valid.toString().split('.')[1] ?? '', 'base64url').toString(),
    ) as object
    return signRecord({ kind: 'page', payload: JSON.stringify({ ...page, ...change }), signer })
  }

  async function raw(bytes: Uint8Array): Promise<void> {
    const socket = connect(state.port, '127.0.0.1').on('error', () => undefined)
    socket.write(bytes)
    socket.resume()
    await Promise.race([once(socket, 'close'), pause(1_000)])
    socket.destroy()
  }

  const publish = async (...messages: readonly (readonly [string, Uint8Array | string])[]) => {
    const to = await connected()
    for (const [topic, text] of messages) to.send({ topic, payload: Buffer.from(text) })
  }

  const doing: Readonly<Record<Attack, () => Promise<unknown>>> = {
    'bad signatures'() {
      const forged = Buffer.from(valid)
      forged[forged.length - 5] = (forged[forged.length - 5] ?? 0) === 65 ? 66 : 65
      const stranger = signRecord({
        kind: 'page',
        payload: Buffer.from(valid.toString().split('.')[1] ?? '', 'base64url').toString(),
        signer: { ...victim.signer, kid: signer.kid },
      })
      return publish([own, forged], [own, stranger], [own, options.overheard() ?? forged])
    },
    'topics of others': () =>
      publish([
        count % 2 ? pageTopic(site, victim.gateway) : stateTopic(site, victim.gateway, instrument),
        options.overheard() ?? valid,
      ]),
    replays: () => publish([own, valid], [own, valid], [own, options.overheard() ?? valid]),
    async flapping() {
      const there = await login(gateway, gatewayPassword)
      there.close()
      await login(victim.gateway, 'guessed')
    },
    oversized: () =>
      count % 3 === 0
        ? raw(Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f, 0, 4, 77, 81, 84, 84]))
        : publish([own, noise(count % 3 === 1 ? 46 * 1024 : 80 * 1024)]),
    garbage: () =>
      publish(
        [own, noise(600)],
        [powerTopic(site, gateway), `{"v":1,"__proto__":{"a":1},"from":${options.now()}}`],
        [statusTopic(site, gateway), '['.repeat(5_000)],
        [stateTopic(site, gateway, instrument), noise(200)],
        [stateTopic(site, gateway, 'no-such-thing' as InstrumentId), '{"v":1}'],
      ),
    'silent sockets': () =>
      Promise.all(Array.from({ length: 5 }, () => raw(Buffer.alloc(count % 2 ? 0 : 1)))),
    async filters() {
      const to = await connected()
      for (const filter of ['#', '$SYS/#', '$share/a/hours/1/#', receiptTopic(site, victim.gateway)])
        await Promise.race([to.subscribe(filter), to.ended])
    },
    // As fast as the line allows, until it is not read any more; then again over a new connection.
    async 'full speed'() {
      const to = await connected()
      const topic = count % 2 ? own : stateTopic(site, gateway, instrument)
      const messages = Array.from({ length: 5_000 }, () => ({ topic, payload: noise(80), retain: true }))
      await Promise.race([to.publishAll(messages, 2_000), pause(1_000)])
      to.close()
      await to.ended
    },
    // Well-formed, and about instruments that are another's, or nobody's.
    'states of others': () =>
      publish([
        statusTopic(site, gateway),
        encodeStatus({
          v: 1,
          online: true,
          at: options.now(),
          instruments: Object.fromEntries(
            [...victim.instruments, ...Array.from({ length: 200 }, (_, i) => `x${count}-${i}`)].map((id) => [
              id,
              ['off', options.now(), 0],
            ]),
          ),
        }),
      ]),
    'wrong pages': () =>
      publish(
        [own, signed({ from: options.now() + 86_400_000, to: options.now() + 86_700_000 })],
        [own, signed({ seq: 3, gateway: victim.gateway })],
        [own, signed({ instruments: [{ id: victim.instruments[0], spans: [['run', 0, 300_000]] }] })],
        [own, signed({ v: 2 })],
        [own, signed({ seq: -1 })],
      ),
  }

  return {
    ...one,
    attack,
    count: () => count,
    async run(port) {
      state.port = port
      while (!state.over) {
        // That it is refused or ended is what it is here for.
        await doing[attack]().catch(() => undefined)
        count += 1
        await pause(options.pauseMs)
      }
      client?.close()
    },
    stop() {
      state.over = true
    },
  }
}
