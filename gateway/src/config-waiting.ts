import type { Millis } from '@hours/protocol'
import { storedConfig } from './config-inbox.ts'
import type { Logbook, NextConfig } from './logbook.ts'
import type { Spool } from './spool.ts'

/** Puts `config` records in force at their date; one that waits survives a restart, and a newer one takes its place. */
export interface ConfigWaiting {
  take(next: NextConfig): void
  /** Looks whether the date has come. */
  turn(): void
}

export function createConfigWaiting(options: {
  readonly spool: Pick<Spool, 'get' | 'set'>
  readonly now: () => Millis
  readonly logbook: Pick<Logbook, 'config' | 'configure'>
}): ConfigWaiting {
  const { spool, now, logbook } = options
  let waiting = storedConfig(spool, 'config-waiting')

  const isNews = ({ config }: NextConfig): boolean => {
    const current = logbook.config()
    return config.revision >= current.revision && config.sha256 !== current.sha256
  }

  function keep(next: NextConfig | undefined): void {
    waiting = next
    try {
      spool.set('config-waiting', next?.bytes ?? '')
    } catch {
      // A disk that takes nothing: the broker has the record, retained, and sends it again after a restart.
    }
  }

  return {
    take(next) {
      if (!isNews(next) || (waiting && next.config.revision < waiting.config.revision)) return
      if (next.from > now()) {
        keep(next)
        return
      }
      if (waiting) keep(undefined)
      logbook.configure(next)
    },
    turn() {
      if (!waiting || waiting.from > now()) return
      const due = waiting
      keep(undefined)
      if (isNews(due)) logbook.configure(due)
    },
  }
}
