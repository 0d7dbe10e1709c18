import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createIngest, type RecordItem, type RunningIngest } from '@hours/ingest'
import { type Clock, systemClock } from '@hours/protocol'
import { pino } from 'pino'
import { enrolmentRecord, unitRecord } from '../../ingest/src/ingest.fixture.ts'
import { gatewayPassword, type Publisher, publisherInstruments } from './publisher.ts'

/** A running `hours serve`. */
export interface Site {
  readonly pid: number
  readonly mqttPort: number
  /** Status of `/health`. */
  readonly health: () => Promise<number>
  /** What it has logged of this level or above so far (pino: 40 = warn, 50 = error). */
  logged(level: number): string[]
  /** SIGKILL, or another signal; resolves with the exit code when the process is gone. */
  kill(signal?: NodeJS.Signals): Promise<number | null>
}

export const openSite = (dataDir: string, clock: Clock = systemClock): Promise<RunningIngest> =>
  createIngest({ dataDir, clock, log: pino({ level: 'silent' }), logName: 'hours.test', simulated: false })

/** Makes a site's data with these publishers enrolled; returns what they pin. */
export async function makeSite(
  dataDir: string,
  publishers: readonly Publisher[],
): Promise<ReturnType<RunningIngest['trust']>> {
  const ingest = await openSite(dataDir)
  const items: RecordItem[] = [unitRecord()]
  for (const { gateway } of publishers) {
    items.push(...gateway.records())
    for (const name of publisherInstruments(gateway.id)) items.push(enrolmentRecord(gateway.id, name))
    ingest.setGatewayPassword(gateway.id, gatewayPassword)
  }
  await ingest.recordAll(items)
  await ingest.settled()
  const trust = ingest.trust()
  await ingest.close()
  return trust
}

/** Starts `hours serve` on free loopback ports; rejects with what it said when it ends instead. */
export async function startSite(
  dataDir: string,
  { openFiles, fileBytes }: { openFiles?: number; fileBytes?: number } = {},
): Promise<Site> {
  const limits = [
    ...(openFiles === undefined ? [] : [`ulimit -n ${openFiles}`]),
    ...(fileBytes === undefined ? [] : [`trap '' XFSZ`, `ulimit -f ${Math.ceil(fileBytes / 512)}`]),
  ]
  const command = [process.execPath, 'hours.ts', 'serve', '--plain-loopback', '--http', '0', '--mqtt', '0']
  const child: ChildProcess = spawn('sh', ['-c', [...limits, 'exec "$0" "$@"'].join(' && '), ...command], {
    cwd: `${import.meta.dirname}/../..`,
    env: { ...process.env, HOURS_DATA: dataDir, HOURS_LOG: 'info' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  const heard = Promise.withResolvers<undefined>()
  const hear = (text: string) => {
    said += text
    if (/^log {5}/m.test(said)) heard.resolve(undefined)
  }
  child.stdout?.setEncoding('utf8').on('data', hear)
  child.stderr?.setEncoding('utf8').on('data', hear)
  const gone = once(child, 'close') as Promise<[number | null, string | null]>
  await Promise.race([
    heard.promise,
    gone.then(([code]) => {
      throw new Error(`hours serve ended with ${code}: ${said}`)
    }),
  ])
  const page = /page\s+(http\S+)/.exec(said)?.[1] ?? ''
  return {
    pid: child.pid ?? 0,
    mqttPort: Number(/mqtt:\/\/\S+:(\d+)/.exec(said)?.[1]),
    health: async () => (await fetch(new URL('/health', page))).status,
    logged: (level) =>
      said
        .split('\n')
        .filter((line) => line.startsWith('{') && (JSON.parse(line) as { level: number }).level >= level),
    async kill(signal = 'SIGKILL') {
      child.kill(signal)
      return (await gone)[0]
    },
  }
}
