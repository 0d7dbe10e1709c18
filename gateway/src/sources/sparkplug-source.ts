import { GatewayError } from '../gateway-error.ts'
import { listenLocally } from '../local.ts'
import type { StartSource } from '../source-runner.ts'
import { loadSparkplugReader } from '../sparkplug-reader.ts'
import { createSparkplugSession, sparkplugFilters } from './sparkplug-session.ts'

/**
 * Listens to one Sparkplug B edge node on the local broker, and to nothing but listen: the listener cannot publish, so
 * neither a rebirth nor any other command is ever sent. Throws GatewayError `bad_config` without a local broker.
 */
export const startSparkplug: StartSource<'sparkplug'> = async (context) => {
  const { instrument, source, clock, near } = context
  if (!near.local)
    throw new GatewayError(
      'bad_config',
      `${instrument}: sparkplug is heard on a local broker, and local is absent. Fix: local: { url: mqtt://... }.`,
    )
  const read = await loadSparkplugReader()
  const session = createSparkplugSession(source)
  let connected = false
  const listener = listenLocally(near.local, sparkplugFilters(source), {
    onMessage(topic, payload) {
      for (const reading of session.take(topic, read(payload), clock.wall())) context.emit(reading)
    },
    onConnected(now) {
      if (connected && !now)
        context.emit({ ok: true, value: { kind: 'availability', online: false, at: clock.wall() } })
      connected = now
    },
  })
  return { stop: () => listener.stop() }
}
