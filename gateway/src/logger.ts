import { type Logger, pino } from 'pino'

/** The gateway's log: JSON lines on standard error, `level` from HOURS_LOG (default info). */
export const createGatewayLogger = (level = 'info'): Logger =>
  pino({ level, name: 'gateway' }, pino.destination(2))
