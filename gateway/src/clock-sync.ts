import { execFile } from 'node:child_process'
import { type Clock, every, type GatewayConfig, MINUTE } from '@hours/protocol'
import { askSntp } from './sntp.ts'
import type { ClockSync } from './time-keeper.ts'

/** A clock that is right by definition: the simulator's (records.md, section 11). */
export const simSync = (clock: Clock) => (): ClockSync => ({
  source: 'sim',
  offsetMs: 0,
  errorMs: 0,
  syncedAt: clock.monotonic(),
})

/** A clock that is asked about now and then. */
export interface WatchedSync {
  readonly sync: () => ClockSync
  stop(): void
}

/** What one answer says: how far off, how sure, how long ago (ms). */
interface Found {
  readonly offsetMs: number
  readonly errorMs: number
  readonly ageMs: number
}

/** Above this a clock that SNTP finds wrong is not called synchronised; something else has to set it. */
const wrongMs = 1_000

/** Asks once a minute whether the machine's clock is synchronised; never sets it. `server` is for `sntp`. */
export function watchSync(
  source: GatewayConfig['clock'],
  clock: Clock,
  server = process.env['HOURS_SNTP_SERVER'] ?? 'pool.ntp.org',
): WatchedSync {
  if (source === 'sim') return { sync: simSync(clock), stop: () => undefined }
  let state: ClockSync = { source, offsetMs: 0, errorMs: 1_000, syncedAt: null }
  const ask = {
    chrony: () => askChrony(clock),
    timedatectl: askTimedatectl,
    sntp: () => askServer(server, clock),
  }[source]
  const update = () => {
    ask().then(
      (found) => {
        if (!found) return
        const { offsetMs, errorMs, ageMs } = found
        state = { source, offsetMs, errorMs, syncedAt: Math.round(clock.monotonic() - ageMs) }
      },
      () => undefined,
    )
  }
  update()
  return { sync: () => state, stop: every(clock, MINUTE, update) }
}

async function askServer(server: string, clock: Clock): Promise<Found | undefined> {
  const reading = await askSntp(server, () => clock.wall())
  return reading && Math.abs(reading.offsetMs) <= wrongMs ? { ...reading, ageMs: 0 } : undefined
}

async function askTimedatectl(): Promise<Found | undefined> {
  const out = await run('timedatectl', ['show', '-p', 'NTPSynchronized', '--value'])
  return out.trim() === 'yes' ? { offsetMs: 0, errorMs: 100, ageMs: 0 } : undefined
}

async function askChrony(clock: Clock): Promise<Found | undefined> {
  return readChrony(await run('chronyc', ['-c', 'tracking']), clock.wall())
}

/**
 * `chronyc -c tracking`: 3 = time of the last update, 4 = system time offset, 10 = root delay, 11 = root dispersion
 * (s), 13 = leap status. chronyd says Normal long after its sources are gone, so the last update's age is what counts.
 */
export function readChrony(out: string, wall: number): Found | undefined {
  const fields = out.trim().split(',')
  const ms = (index: number) => Number(fields[index]) * 1_000
  if (fields[13] !== 'Normal' || ![3, 4, 10, 11].every((index) => Number.isFinite(ms(index))))
    return undefined
  return {
    offsetMs: Math.round(ms(4)),
    errorMs: Math.ceil(Math.abs(ms(4)) + ms(10) / 2 + ms(11)),
    ageMs: Math.max(0, Math.round(wall - ms(3))),
  }
}

const run = (command: string, args: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    execFile(command, [...args], { timeout: 5_000 }, (error, out) => {
      if (error) reject(new Error(`${command}: ${error.message}`, { cause: error }))
      else resolve(out)
    })
  })
