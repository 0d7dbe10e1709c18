import { setTimeout as pause } from 'node:timers/promises'
import { createDevice, createDevicePublisher, demoFleet, gridFleet } from '@hours/firmware-sim'
import { Command, InvalidArgumentError } from 'commander'

/** `hours sim`: plugs that do not exist, on a broker that does. */
export function simCommand(): Command {
  return new Command('sim')
    .description(
      'Publishes simulated plugs (Tasmota, Shelly, zigbee2mqtt) to a local MQTT broker, as the devices themselves would.\n' +
        'Everything it publishes is a reading; nothing it publishes can switch anything.',
    )
    .option('--mqtt <url>', 'the local broker the plugs report to', 'mqtt://127.0.0.1:1884')
    .option(
      '--fleet <name>',
      'demo (14 instruments), or a number of gateways with 4 instruments each',
      'demo',
    )
    .option('--seed <n>', 'the same seed gives the same fleet and the same power', whole, 1)
    .option('--sample <seconds>', 'seconds between two readings', whole, 10)
    .option('--seconds <n>', 'end after so many seconds; 0 = until Ctrl-C', whole, 0)
    .action(
      async (options: { mqtt: string; fleet: string; seed: number; sample: number; seconds: number }) => {
        await simulate(options)
      },
    )
}

function whole(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0)
    throw new InvalidArgumentError(`"${text}" is not a whole number of 0 or more.`)
  return value
}

async function simulate(options: {
  mqtt: string
  fleet: string
  seed: number
  sample: number
  seconds: number
}) {
  const fleet =
    options.fleet === 'demo'
      ? demoFleet(options.seed)
      : gridFleet({ seed: options.seed, gateways: whole(options.fleet), perGateway: 4 })
  const sampleMs = Math.max(1, options.sample) * 1_000
  const devices = fleet.instruments.map((one) =>
    createDevice(one, { sampleMs, silence: 0.002, keepTruth: false }),
  )
  const publisher = await createDevicePublisher(options.mqtt)
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  console.log(
    `${devices.length} simulated instruments report to ${options.mqtt} every ${options.sample} s; Ctrl-C ends.`,
  )
  const began = Date.now()
  let cursor = began
  while (!stop.signal.aborted && (options.seconds === 0 || Date.now() - began < options.seconds * 1_000)) {
    const now = Date.now()
    await publisher.publish(devices.flatMap((device) => device.messages(cursor, now)))
    cursor = now
    await pause(250, undefined, { signal: stop.signal }).catch(() => undefined)
  }
  await publisher.close()
}
