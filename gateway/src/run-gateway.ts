import { join } from 'node:path'
import type { GatewayConfig, InstrumentSettings } from '@hours/protocol'
import type { Logger } from 'pino'
import { watchSync } from './clock-sync.ts'
import { createGateway, type Gateway, type GatewayOptions } from './gateway.ts'
import { listenLocally } from './local.ts'
import { machineBootId, machineClock } from './machine.ts'
import { openPageKey } from './page-key.ts'
import { sourceLoaders } from './source-loaders.ts'
import {
  isHeard,
  keepStarting,
  type RunningSource,
  type SourceContext,
  startSource,
} from './source-runner.ts'
import { sourceName } from './source-watch.ts'
import { openSpool } from './spool.ts'
import { mqttConnect } from './transport.ts'

/** A gateway on this machine's clock, with everything around it. */
export interface RunningGateway {
  readonly gateway: Gateway
  /** Base64url of the page key's public half: what enrolment asks for. */
  readonly publicKey: string
  stop(): Promise<void>
}

/** config -> clock, key, spool, sources -> gateway -> start. Throws GatewayError; what runs then recovers by itself. */
export function runGateway(
  config: GatewayConfig,
  log: Logger,
  { turnMs }: Pick<GatewayOptions, 'turnMs'> = {},
): RunningGateway {
  const clock = machineClock
  const signer = openPageKey(config.data, config.gateway)
  const connect = mqttConnect(config)
  const spool = openSpool(join(config.data, 'spool.sqlite'), config.spool, () => clock.wall())
  const watched = watchSync(config.clock, clock)
  let sources: Promise<RunningSource[]> = Promise.resolve([])
  const gateway = createGateway({
    config,
    clock,
    sync: watched.sync,
    log,
    signer,
    spool,
    connect,
    bootId: machineBootId(),
    onSources: changeSources,
    ...(turnMs === undefined ? {} : { turnMs }),
  })
  const heard = () => gateway.instruments.some(({ source, others = [] }) => [source, ...others].some(isHeard))
  if (!config.local && heard()) gateway.alarm('no_local_broker', true)
  const listener = config.local
    ? listenLocally(config.local, gateway.filters, {
        onMessage: (topic, payload) => gateway.handleLocal(topic, payload),
        onConnected: (connected) => gateway.alarm('local_broker_unreachable', !connected),
      })
    : undefined
  changeSources(gateway.instruments)
  gateway.start()

  function changeSources(instruments: readonly InstrumentSettings[]): void {
    // The router has changed already when this is called from a page border.
    queueMicrotask(() => listener?.follow(gateway.filters))
    sources = sources.then(async (old) => {
      await Promise.all(old.map((one) => one.stop()))
      return startSources(instruments)
    })
  }

  function startSources(instruments: readonly InstrumentSettings[]): Promise<RunningSource[]> {
    const polled = instruments.flatMap(({ id, source, others = [] }) =>
      [source, ...others]
        .map((one, index) => ({ id, source: one, index }))
        .filter((one) => !isHeard(one.source)),
    )
    return Promise.all(polled.map(({ id, source, index }) => startOne(id, source, index)))
  }

  function startOne(instrument: string, source: InstrumentSettings['source'], index: number) {
    const context: SourceContext = {
      instrument,
      source,
      clock,
      log,
      near: config,
      emit: (reading) => gateway.handleReading(instrument, index, reading),
    }
    return keepStarting(
      () => startSource(context, sourceLoaders),
      clock,
      (error) => {
        if (error !== undefined) log.error({ instrument, err: error }, 'source cannot be started')
        gateway.alarm(`source_failed:${sourceName(instrument, index)}`, error !== undefined)
      },
    )
  }

  return {
    gateway,
    publicKey: Buffer.from(signer.publicKey).toString('base64url'),
    async stop() {
      watched.stop()
      await listener?.stop()
      for (const one of await sources) await one.stop()
      await gateway.stop()
      spool.close()
    },
  }
}
