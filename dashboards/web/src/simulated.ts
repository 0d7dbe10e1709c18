import { signal } from '@preact/signals'

/** Whether the server plays with simulated instruments; once said, it stays said (records.md, section 11). */
export const simulated = signal(false)

export function noteSimulated(said: boolean | undefined): void {
  if (said === true) simulated.value = true
}
