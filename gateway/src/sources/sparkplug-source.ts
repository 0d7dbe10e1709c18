import { GatewayError } from '../gateway-error.ts'
import { listenLocally } from '../local.ts'
import type { StartSource } from '../source-runner.ts'
import { loadSparkplugReader } from '../sparkplug-reader.ts'
import { createRebirthRequest } from './sparkplug-rebirth.ts'
import { createSparkplugSession, sparkplugFilters } from './sparkplug-session.ts'

/**
 * Listens to one Sparkplug B edge node on the local broker; the listener cannot publish. Where the configuration says
 * `rebirth: true` the node is asked for its birth when it is not known (`sparkplug-rebirth.ts`), and for nothing else.
 * Throws GatewayError `bad_config` without a local broker.
 */
export const startSparkplug: StartSource<'sparkplug'> = async (context) => {
  const { instrument, source, clock, near, log } = context
  if (!near.local)
    throw new GatewayError(
      'bad_config',
      `${instrument}: sparkplug is heard on a local broker, and local is absent. Fix: local: { url: mqtt://... }.`,
    )
  const read = await loadSparkplugReader()
  const session = createSparkplugSession(source)
  const request = source.rebirth ? await createRebirthRequest(near.local, source, clock) : undefined
  function askForBirth(): void {
    if (!request || !session.needsBirth()) return
    request().then(
      (asked) => {
        if (asked) log.info({ instrument, node: source.node }, 'edge node asked for its birth')
      },
      (err: unknown) => log.warn({ instrument, err }, 'edge node could not be asked for its birth'),
    )
  }
  let connected = false
  const listener = listenLocally(near.local, sparkplugFilters(source), {
    onMessage(topic, payload) {
      for (const reading of session.take(topic, read(payload), clock.wall())) context.emit(reading)
      askForBirth()
    },
    onConnected(now) {
      if (connected && !now)
        context.emit({ ok: true, value: { kind: 'availability', online: false, at: clock.wall() } })
      connected = now
    },
  })
  return { stop: () => listener.stop() }
}
