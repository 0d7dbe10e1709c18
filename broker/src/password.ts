import { createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { formatPasswordHash, parsePasswordHash } from '@hours/protocol'

/** Gateways' fallback passwords are 32 random bytes, so a light cost is enough; it bounds what a flood can burn. */
const cost = { N: 2 ** 12, r: 8, p: 1, maxmem: 64 * 2 ** 20 }
const keyBytes = 32

const derive = (password: string | Buffer, salt: Buffer, options: typeof cost): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    scrypt(password, salt, keyBytes, options, (error, key) => {
      if (error) reject(error)
      else resolve(key)
    })
  })

/** A fresh gateway password: 32 random bytes, base64url. */
export const newGatewayPassword = (): string => randomBytes(32).toString('base64url')

/** As `GatewayIdentity.password` keeps it. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const key = await derive(password, salt, cost)
  return formatPasswordHash({ ...cost, salt: salt.toString('base64url'), key: key.toString('base64url') })
}

/** What the last known gateway's hash cost: an unknown one costs the same, whoever made the hashes. */
let lastCost = cost

/** Whether `password` fits `stored`; an unknown gateway (undefined) costs the same time. */
export async function checkPassword(password: Buffer, stored: string | undefined): Promise<boolean> {
  const known = stored === undefined ? undefined : parsePasswordHash(stored)
  if (!known) {
    await derive(password, randomBytes(16), lastCost)
    return false
  }
  const { salt, key: kept, ...asked } = known
  const options = { ...cost, ...asked }
  const key = await derive(password, Buffer.from(salt, 'base64url'), options)
  lastCost = options
  const wanted = Buffer.from(kept, 'base64url')
  return wanted.length === key.length && timingSafeEqual(key, wanted)
}

/** More gateways than a site has; the one not heard of for the longest time is forgotten first. */
const mostRemembered = 20_000

/**
 * Passwords of gateways that were right, 32 random bytes each: they are known again without the cost of a check, so that
 * gateways that come back do not wait behind a flood of guesses. Kept is a digest under a key of this process, with the
 * stored hash that it was checked by: a password that was replaced is not known any more.
 */
export function createPasswordMemory(): {
  isKnown(gateway: string, password: Buffer, stored: string | undefined): boolean
  remember(gateway: string, password: Buffer, stored: string): void
} {
  const key = randomBytes(32)
  const right = new Map<string, { readonly stored: string; readonly digest: Buffer }>()
  const digestOf = (password: Buffer) => createHmac('sha256', key).update(password).digest()
  return {
    isKnown(gateway, password, stored) {
      const kept = right.get(gateway)
      return kept?.stored === stored && kept !== undefined && timingSafeEqual(kept.digest, digestOf(password))
    },
    remember(gateway, password, stored) {
      right.delete(gateway)
      right.set(gateway, { stored, digest: digestOf(password) })
      const oldest = right.size > mostRemembered ? right.keys().next().value : undefined
      if (oldest !== undefined) right.delete(oldest)
    },
  }
}
