import { type Logger, pino } from 'pino'

/** A logger for whoever starts an ingest: JSON lines on stdout from `level` on (pino's names, or `silent`). */
export const createLogger = (level = 'info'): Logger => pino({ level })
