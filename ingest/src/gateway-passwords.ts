import type { DatabaseSync } from 'node:sqlite'
import type { GatewayDirectory, GatewayId } from '@hours/protocol'
import { hashRandomPassword } from './access/secret.ts'
import type { RegistryWriter } from './registry/registry.ts'

/** Fallback passwords of gateways that have no certificate (wire.md, section 4), and who is shut out. */
export interface GatewayPasswords {
  /** `hash` is empty where there is no password. */
  find(gateway: string): { readonly hash: string; readonly revoked: boolean } | undefined
  /** Sets or, with null, removes the password; only its scrypt hash is kept. */
  setPassword(gateway: string, password: string | null): void
  setRevoked(gateway: string, revoked: boolean): void
}

/** Read anew each time: the console may have written beside a running service. */
export function createGatewayPasswords(db: DatabaseSync): GatewayPasswords {
  const get = db.prepare('SELECT hash, revoked FROM passwords WHERE gateway = ?')
  const upsert = db.prepare('INSERT OR REPLACE INTO passwords VALUES (?, ?, ?)')
  const find: GatewayPasswords['find'] = (gateway) => {
    const row = get.get(gateway)
    return row && { hash: String(row['hash']), revoked: row['revoked'] === 1 }
  }
  return {
    find,
    setPassword: (gateway, password) =>
      void upsert.run(
        gateway,
        password === null ? '' : hashRandomPassword(password),
        find(gateway)?.revoked === true ? 1 : 0,
      ),
    setRevoked: (gateway, revoked) => void upsert.run(gateway, find(gateway)?.hash ?? '', revoked ? 1 : 0),
  }
}

/** The enrolled gateways as the broker asks for them, with the fallback passwords. */
export interface GatewayAccess {
  readonly directory: GatewayDirectory
  readonly setPassword: (gateway: string, password: string | null) => void
  /** Shuts a gateway out, or lets it in again; the broker closes its session. */
  readonly setRevoked: (gateway: string, revoked: boolean) => void
}

export function createGatewayAccess(db: DatabaseSync, registry: RegistryWriter): GatewayAccess {
  const passwords = createGatewayPasswords(db)
  let known: { readonly version: number; readonly names: ReadonlySet<string> } | undefined
  return {
    directory: {
      find(name) {
        const site = registry.site(name)
        if (site === undefined) return undefined
        const { hash, revoked } = passwords.find(name) ?? { hash: '', revoked: false }
        const identity = { site, gateway: name as GatewayId, revoked: revoked || keyless().has(name) }
        return hash === '' ? identity : { ...identity, password: hash }
      },
    },
    setPassword: (gateway, password) => passwords.setPassword(gateway, password),
    setRevoked: (gateway, revoked) => passwords.setRevoked(gateway, revoked),
  }

  /** Gateways whose every page key was revoked: they have nothing to say here. */
  function keyless(): ReadonlySet<string> {
    const version = registry.version()
    if (known?.version === version) return known.names
    const byHolder = Map.groupBy(registry.keys.keys(), ({ holder }) => holder)
    const names = [...byHolder].flatMap(([holder, keys]) =>
      keys.every(({ revokedAt }) => revokedAt !== undefined) ? [holder] : [],
    )
    known = { version, names: new Set(names) }
    return known.names
  }
}
