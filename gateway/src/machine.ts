import { readFileSync } from 'node:fs'
import { type Clock, systemClock } from '@hours/protocol'

/** The machine's clock, with monotonic time since its boot: a restart of the process does not begin it anew. */
export const machineClock: Clock = {
  ...systemClock,
  monotonic: () => Number(process.hrtime.bigint() / 1_000_000n),
}

/** Changes with every boot of the machine: the kernel's own id, elsewhere the time of the boot to ten minutes. */
export function machineBootId(clock: Clock = machineClock): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return `boot-${Math.round((clock.wall() - clock.monotonic()) / 600_000)}`
  }
}
