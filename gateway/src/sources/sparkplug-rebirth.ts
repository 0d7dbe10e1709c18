import type { Clock, GatewayConfig, Millis } from '@hours/protocol'
import { connectAsync } from 'mqtt'
import type { SourceOf } from '../source-runner.ts'
import { within } from './within.ts'

/** So often at most one edge node is asked, whatever is lost: a node that cannot answer must not be drowned. */
export const rebirthEveryMs = 60_000
const timeoutMs = 5_000

/** The only message there is (Sparkplug B 3.0, 6.4.21): say again what you measure. It switches and sets nothing. */
const rebirth = { name: 'Node Control/Rebirth', type: 'Boolean', value: true } as const

/** When each node was asked last, by broker and node: several instruments may hang on one. */
const askedAt = new Map<string, Millis>()

/**
 * A request that the edge node of a source repeat its birth, which takes nothing that could say anything else: the node
 * is the configuration's, the command a constant, and there is no other function in the gateway that publishes to
 * whatever is measured. Resolves with false where the node was asked less than a minute ago; rejects where the broker
 * cannot be reached.
 */
export async function createRebirthRequest(
  local: NonNullable<GatewayConfig['local']>,
  { group, node }: Pick<SourceOf<'sparkplug'>, 'group' | 'node'>,
  clock: Clock,
): Promise<() => Promise<boolean>> {
  const { default: payloads } = await import('sparkplug-payload')
  const codec = payloads.get('spBv1.0')
  if (!codec) throw new Error('sparkplug-payload has no spBv1.0 codec')
  const { url, username, password } = local
  const login = {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  }
  const name = `${url} ${group}/${node}`
  return async () => {
    const now = clock.monotonic()
    if (now - (askedAt.get(name) ?? -Infinity) < rebirthEveryMs) return false
    askedAt.set(name, now)
    const payload = Buffer.from(codec.encodePayload({ timestamp: clock.wall(), metrics: [rebirth] }))
    // A connection of its own, for this one message: the one that listens cannot publish at all.
    const once = { ...login, clean: true, reconnectPeriod: 0, connectTimeout: timeoutMs } as const
    const client = await connectAsync(url, once, false)
    client.on('error', () => undefined)
    try {
      await within(client.publishAsync(`spBv1.0/${group}/NCMD/${node}`, payload, { qos: 0 }), timeoutMs)
      // A goodbye comes after the message; cutting the line would drop it.
      await within(client.endAsync(), timeoutMs)
    } finally {
      client.end(true)
    }
    return true
  }
}
