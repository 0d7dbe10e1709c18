import type { DatabaseSync } from 'node:sqlite'
import { randomInt } from 'node:crypto'
import { type Clock, DAY, type GatewayId, type SiteId } from '@hours/protocol'
import { tokenHash } from '../access/secret.ts'

/** No 0/O, 1/I/L: codes are read from a screen and typed on a gateway. */
const letters = 'ABCDEFGHJKMNPQRSTUVWXYZ23456789'
const codeLength = 20
const lifetime = 2 * DAY

/** One-time codes that admit one gateway each (`hours enrol`); stored hashed, in operations.sqlite. */
export interface EnrolmentCodes {
  /** A new code in groups of five; any earlier code of this gateway ends. */
  issue(site: SiteId, gateway: GatewayId): string
  /** Whose code this is, without spending it. */
  peek(code: string): { site: SiteId; gateway: GatewayId } | undefined
  /** Spends a code: the gateway it was made for, or undefined when it is unknown, spent or too old. */
  spend(code: string): { site: SiteId; gateway: GatewayId } | undefined
}

export function createEnrolmentCodes(db: DatabaseSync, clock: Clock): EnrolmentCodes {
  db.exec(`CREATE TABLE IF NOT EXISTS enrolment_code (hash TEXT PRIMARY KEY, site TEXT NOT NULL, gateway TEXT NOT NULL,
    expires INTEGER NOT NULL) STRICT`)
  return {
    issue(site, gateway) {
      const code = Array.from({ length: codeLength }, () => letters[randomInt(letters.length)]).join('')
      db.prepare('DELETE FROM enrolment_code WHERE (site = ? AND gateway = ?) OR expires < ?').run(
        site,
        gateway,
        clock.wall(),
      )
      db.prepare('INSERT INTO enrolment_code VALUES (?, ?, ?, ?)').run(
        tokenHash(code),
        site,
        gateway,
        clock.wall() + lifetime,
      )
      return code.replaceAll(/(.{5})(?=.)/g, '$1-')
    },
    peek(code) {
      const row = db
        .prepare('SELECT site, gateway FROM enrolment_code WHERE hash = ? AND expires >= ?')
        .get(tokenHash(plainCode(code)), clock.wall()) as { site: SiteId; gateway: GatewayId } | undefined
      return row && { site: row.site, gateway: row.gateway }
    },
    spend(code) {
      const row = db
        .prepare('DELETE FROM enrolment_code WHERE hash = ? AND expires >= ? RETURNING site, gateway')
        .get(tokenHash(plainCode(code)), clock.wall()) as { site: SiteId; gateway: GatewayId } | undefined
      return row && { site: row.site, gateway: row.gateway }
    },
  }
}

const plainCode = (code: string) => code.toUpperCase().replaceAll(/[^A-Z0-9]/g, '')
