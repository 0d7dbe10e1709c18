import { randomBytes, scryptSync } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type { GatewayDirectory, GatewayId } from '@hours/protocol'
import type { RegistryWriter } from './registry/registry.ts'

const cost = { N: 16_384, r: 8, p: 1 }

/** The enrolled gateways as the broker asks for them, with the fallback passwords. */
export interface GatewayAccess {
  readonly directory: GatewayDirectory
  /** Sets or, with null, removes the fallback password; only its scrypt hash is kept. */
  readonly setPassword: (gateway: string, password: string | null) => void
  /** Shuts a gateway out, or lets it in again; the broker closes its session. */
  readonly setRevoked: (gateway: string, revoked: boolean) => void
}

export function createGatewayAccess(db: DatabaseSync, registry: RegistryWriter): GatewayAccess {
  const known = new Map<string, { hash: string; revoked: boolean }>()
  for (const row of db.prepare('SELECT gateway, hash, revoked FROM passwords').all())
    known.set(String(row['gateway']), { hash: String(row['hash']), revoked: row['revoked'] === 1 })
  const upsert = db.prepare('INSERT OR REPLACE INTO passwords VALUES (?, ?, ?)')

  function put(gateway: string, change: Partial<{ hash: string; revoked: boolean }>): void {
    const next = { hash: '', revoked: false, ...known.get(gateway), ...change }
    upsert.run(gateway, next.hash, next.revoked ? 1 : 0)
    known.set(gateway, next)
  }

  return {
    directory: {
      find(name) {
        const site = registry.site(name)
        if (site === undefined) return undefined
        const { hash, revoked } = known.get(name) ?? { hash: '', revoked: false }
        const identity = { site, gateway: name as GatewayId, revoked: revoked || allKeysRevoked(name) }
        return hash === '' ? identity : { ...identity, password: hash }
      },
    },
    setPassword: (gateway, password) => put(gateway, { hash: password === null ? '' : hashed(password) }),
    setRevoked: (gateway, revoked) => put(gateway, { revoked }),
  }

  /** A gateway whose every page key was revoked has nothing to say here. */
  function allKeysRevoked(gateway: string): boolean {
    const keys = registry.keys.keys().filter(({ holder }) => holder === gateway)
    return keys.length > 0 && keys.every(({ revokedAt }) => revokedAt !== undefined)
  }
}

function hashed(password: string): string {
  const salt = randomBytes(16)
  const hash = scryptSync(password, salt, 32, cost)
  return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64url'), hash.toString('base64url')].join('$')
}
