import { execFile } from 'node:child_process'
import { type Clock, every, MINUTE } from '@hours/protocol'
import type { ClockSync } from './time-keeper.ts'

/** A clock that is right by definition: the simulator's (records.md, section 11). */
export const simSync = (clock: Clock) => (): ClockSync => ({
  source: 'sim',
  offsetMs: 0,
  errorMs: 0,
  syncedAt: clock.monotonic(),
})

/** Asks the machine once a minute whether its clock is synchronised; never sets it. */
export function watchSync(
  source: 'chrony' | 'timedatectl',
  clock: Clock,
): { sync: () => ClockSync; stop: () => void } {
  let state: ClockSync = { source, offsetMs: 0, errorMs: 1_000, syncedAt: null }
  const ask = source === 'chrony' ? askChrony : askTimedatectl
  const update = () => {
    ask((found) => {
      state = found ? { source, ...found, syncedAt: clock.monotonic() } : state
    })
  }
  update()
  return { sync: () => state, stop: every(clock, MINUTE, update) }
}

type Found = { readonly offsetMs: number; readonly errorMs: number } | undefined

function askTimedatectl(done: (found: Found) => void): void {
  execFile('timedatectl', ['show', '-p', 'NTPSynchronized', '--value'], { timeout: 5_000 }, (error, out) => {
    done(error === null && out.trim() === 'yes' ? { offsetMs: 0, errorMs: 100 } : undefined)
  })
}

/** `chronyc -c tracking`: field 5 = system time offset (s), 11 = root delay, 12 = root dispersion, 14 = leap status. */
function askChrony(done: (found: Found) => void): void {
  execFile('chronyc', ['-c', 'tracking'], { timeout: 5_000 }, (error, out) => {
    const fields = out.trim().split(',')
    if (error !== null || fields[13] !== 'Normal') {
      done(undefined)
      return
    }
    const ms = (index: number) => Math.abs(Number(fields[index]) * 1_000)
    done({ offsetMs: Number(fields[4]) * 1_000, errorMs: Math.ceil(ms(4) + ms(10) / 2 + ms(11)) })
  })
}
