import type { Clock, GatewayConfig, Source } from '@hours/protocol'
import type { DecodedReading } from '@hours/sensing'
import type { Logger } from 'pino'
import { GatewayError } from './gateway-error.ts'

/** What a polled source is given; readings go to `emit`, which never throws. Nothing here can switch anything. */
export interface SourceContext<S extends Source = Source> {
  readonly instrument: string
  readonly source: S
  readonly clock: Clock
  readonly log: Logger
  /** What stands around the sources: the lab's broker, and where instruments' PCs push to. */
  readonly near: Pick<GatewayConfig, 'local' | 'push'>
  emit(reading: DecodedReading): void
}

/** A source that runs until it is stopped; it reconnects by itself and never rejects after its start. */
export interface RunningSource {
  stop(): Promise<void>
}

/** The configuration of one kind (or of several) of sources. */
export type SourceOf<K extends Source['kind']> = Extract<Source, { kind: K }>

/** One polled kind of source; each in a file of its own, loaded only where it is configured (RSS). */
export type StartSource<K extends Source['kind']> = (
  context: SourceContext<SourceOf<K>>,
) => Promise<RunningSource>

type MqttKind = 'tasmota' | 'shelly' | 'shelly-gen1' | 'zigbee2mqtt'
export type PolledKind = Exclude<Source['kind'], MqttKind>

/** Where each kind's I/O is loaded from; a kind that is absent is refused by name. */
export type SourceLoaders = { readonly [K in PolledKind]?: () => Promise<StartSource<K>> }

const heardByMqtt = new Set<string>(['tasmota', 'shelly', 'shelly-gen1', 'zigbee2mqtt'])

/** Whether the local broker brings it, so that nothing has to be run for it. */
export const isHeard = (source: Source): boolean => heardByMqtt.has(source.kind)

/** Whether it comes by the lab's own broker; a Sparkplug node needs a session of its own, which the router has not. */
export const needsLocalBroker = (source: Source): boolean => isHeard(source) || source.kind === 'sparkplug'

/** Starts one polled source. Throws GatewayError `no_runner` for a kind without a loader. */
export async function startSource(context: SourceContext, loaders: SourceLoaders): Promise<RunningSource> {
  const load = loaders[context.source.kind as PolledKind]
  if (!load)
    throw new GatewayError(
      'no_runner',
      `${context.instrument}: source kind "${context.source.kind}" cannot be read by this gateway. Fix: one of ${[
        ...heardByMqtt,
        ...Object.keys(loaders),
      ].join(', ')}.`,
    )
  // The loader was picked by this very kind, which the type system cannot follow through the table.
  const start = (await load()) as (context: SourceContext) => Promise<RunningSource>
  return await start(context)
}

/** A source that cannot be started (its port taken, its broker's address unknown) is tried again so often, ms. */
const retryMs = 30_000

/**
 * Starts a source, and goes on trying for ever; `tell` hears what went wrong, and undefined once it runs. What the
 * configuration says wrongly is not tried again: it needs another configuration.
 */
export async function keepStarting(
  start: () => Promise<RunningSource>,
  clock: Clock,
  tell: (error: unknown) => void,
): Promise<RunningSource> {
  let running: RunningSource | undefined
  let stopped = false
  let cancel: () => void = () => undefined
  let attempt: Promise<void> = Promise.resolve()

  async function once(): Promise<void> {
    try {
      running = await start()
      tell(undefined)
    } catch (error) {
      tell(error)
      if (error instanceof GatewayError || stopped) return
      cancel = clock.after(retryMs, () => {
        attempt = once()
      })
    }
  }

  attempt = once()
  await attempt
  return {
    async stop() {
      stopped = true
      cancel()
      await attempt
      await running?.stop()
    },
  }
}
