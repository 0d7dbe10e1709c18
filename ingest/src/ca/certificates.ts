import { X509Certificate } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { addColumn } from '../open-database.ts'
import { type Clock, DAY, type GatewayDirectory, type Millis } from '@hours/protocol'

/** A renewed certificate's predecessor stays good so long: rotation has no gap, and a lost answer no harm. */
const overlap = 7 * DAY

/** Certificates the site's authority gave to gateways, and gateways that were shut out; in operations.sqlite. */
export interface Certificates {
  /** A device came in by a code: every certificate before this one ends, and a gateway shut out is let in again. */
  enrolled(gateway: string, certificate: string): void
  /** The same device's next certificate: the one it showed (its serial) and those before that end after a week. */
  renewed(gateway: string, certificate: string, by: { readonly shown: string; readonly csr: string }): void
  /** What was given for this very request (its SHA-256) before: a request that is sent twice makes nothing new. */
  given(csr: string): { readonly certificate: string; readonly expires: Millis } | undefined
  /** Shuts a gateway out: all of its certificates end. */
  revoke(gateway: string): void
  isRevoked(gateway: string): boolean
  /** Serial numbers in force (upper-case hex, as TLS shows them); undefined when none was ever given by this authority. */
  serials(gateway: string): readonly string[] | undefined
  /** Newest first. */
  list(): readonly {
    readonly gateway: string
    readonly serial: string
    readonly issued: Millis
    readonly expires: Millis
    readonly revoked: boolean
  }[]
}

interface Row {
  serial: string
  gateway: string
  issued: number
  expires: number
  revoked: number
}

export function createCertificates(db: DatabaseSync, clock: Clock): Certificates {
  db.exec(`
    CREATE TABLE IF NOT EXISTS certificate (serial TEXT PRIMARY KEY, gateway TEXT NOT NULL, issued INTEGER NOT NULL,
      expires INTEGER NOT NULL, revoked INTEGER NOT NULL DEFAULT 0) STRICT;
    CREATE INDEX IF NOT EXISTS certificate_gateway ON certificate (gateway);
    CREATE TABLE IF NOT EXISTS shut_out (gateway TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;`)
  addColumn(db, 'certificate', 'csr TEXT')
  addColumn(db, 'certificate', 'pem TEXT')
  db.exec('CREATE UNIQUE INDEX IF NOT EXISTS certificate_csr ON certificate (csr)')
  const insert = db.prepare(
    'INSERT INTO certificate (serial, gateway, issued, expires, csr, pem) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const end = db.prepare('UPDATE certificate SET revoked = 1 WHERE gateway = ?')
  const shorten = db.prepare(
    `UPDATE certificate SET expires = min(expires, ?) WHERE gateway = ?
      AND rowid <= (SELECT rowid FROM certificate WHERE serial = ?)`,
  )
  const byCsr = db.prepare('SELECT pem, expires FROM certificate WHERE csr = ?')
  const of = db.prepare('SELECT serial, expires, revoked FROM certificate WHERE gateway = ?')
  const shut = db.prepare('SELECT 1 FROM shut_out WHERE gateway = ?')

  function add(gateway: string, certificate: string, csr: string | null): void {
    const { serialNumber, validTo } = new X509Certificate(certificate)
    const serial = plainSerial(serialNumber)
    insert.run(serial, gateway, clock.wall(), Date.parse(validTo), csr, csr === null ? null : certificate)
  }

  return {
    enrolled(gateway, certificate) {
      end.run(gateway)
      db.prepare('DELETE FROM shut_out WHERE gateway = ?').run(gateway)
      add(gateway, certificate, null)
    },
    renewed(gateway, certificate, { shown, csr }) {
      shorten.run(clock.wall() + overlap, gateway, shown)
      add(gateway, certificate, csr)
    },
    given(csr) {
      const row = byCsr.get(csr)
      return row && { certificate: String(row['pem']), expires: Number(row['expires']) }
    },
    revoke(gateway) {
      end.run(gateway)
      db.prepare('INSERT OR IGNORE INTO shut_out VALUES (?, ?)').run(gateway, clock.wall())
    },
    isRevoked: (gateway) => shut.get(gateway) !== undefined,
    serials(gateway) {
      const rows = of.all(gateway) as unknown as Row[]
      if (rows.length === 0) return undefined
      const now = clock.wall()
      return rows.filter(({ expires, revoked }) => revoked === 0 && expires > now).map(({ serial }) => serial)
    },
    list: () =>
      (db.prepare('SELECT * FROM certificate ORDER BY issued DESC').all() as unknown as Row[]).map(
        ({ gateway, serial, issued, expires, revoked }) => ({
          ...{ gateway, serial, issued, expires },
          revoked: revoked === 1,
        }),
      ),
  }
}

/** Serial numbers as hex without leading zeros: tools differ in how they pad them. */
export const plainSerial = (serial: string): string => serial.toUpperCase().replace(/^0+/, '')

/** The directory of gateways as the broker asks it, with what this site's authority says about each. */
export const withCertificates = (
  directory: GatewayDirectory,
  certificates: Certificates,
): GatewayDirectory => ({
  find(name) {
    const found = directory.find(name)
    if (!found) return undefined
    const serials = certificates.serials(name)
    return {
      ...found,
      revoked: found.revoked || certificates.isRevoked(name),
      ...(serials ? { certificates: serials } : {}),
    }
  },
})
