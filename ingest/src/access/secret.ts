import { createHash, randomBytes, scrypt, scryptSync, timingSafeEqual } from 'node:crypto'
import { formatPasswordHash, parsePasswordHash, type PasswordHash } from '@hours/protocol'

/** scrypt cost: about 60 ms and 32 MiB a check (OWASP: N 2^15, r 8, p 1 at least). */
const cost = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 2 ** 20 }
/** Gateways' passwords are 32 random bytes: half of the cost is more than enough, and a flood of connects burns less. */
const lightCost = { N: 2 ** 14, r: 8, p: 1 }
const keyBytes = 32

const derive = (password: string, salt: Buffer, options: typeof cost): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, keyBytes, options, (error, key) => {
      if (error) reject(error)
      else resolve(key)
    })
  })

const kept = ({ N, r, p }: typeof lightCost, salt: Buffer, key: Buffer): PasswordHash => ({
  ...{ N, r, p },
  salt: salt.toString('base64url'),
  key: key.toString('base64url'),
})

async function hashOf(password: string): Promise<PasswordHash> {
  const salt = randomBytes(16)
  return kept(cost, salt, await derive(password, salt, cost))
}

/** As `PasswordHashText`, for the passwords of people. */
export const hashPassword = async (password: string): Promise<string> =>
  formatPasswordHash(await hashOf(password))

/** As `hashPassword`, at once, for passwords that a machine made. */
export function hashRandomPassword(password: string): string {
  const salt = randomBytes(16)
  return formatPasswordHash(kept(lightCost, salt, scryptSync(password, salt, keyBytes, lightCost)))
}

let dummy: Promise<PasswordHash> | undefined

/** Whether `password` fits; an unknown account (undefined) costs the same time as a known one. */
export async function checkPassword(password: string, stored: string | undefined): Promise<boolean> {
  dummy ??= hashOf(newToken())
  const known = stored === undefined ? undefined : parsePasswordHash(stored)
  const { salt, key: wanted, ...asked } = known ?? (await dummy)
  const key = await derive(password, Buffer.from(salt, 'base64url'), { ...cost, ...asked })
  const right = Buffer.from(wanted, 'base64url')
  return right.length === key.length && timingSafeEqual(key, right) && known !== undefined
}

/** A random token for sessions and API keys: 256 bits, base64url. */
export const newToken = (): string => randomBytes(32).toString('base64url')

/** Tokens are stored as their hash alone; with 256 random bits a plain hash is enough. */
export const tokenHash = (token: string): string => createHash('sha256').update(token).digest('base64url')

/** Fewer characters than this are refused, as are the few that everybody tries first. */
const minPassword = 12

export function passwordFault(password: string): string | undefined {
  if (password.length < minPassword) return `password: ${password.length} characters; at least ${minPassword}`
  if (password.length > 200) return 'password: more than 200 characters'
  if (new Set(password).size < 5) return 'password: fewer than 5 different characters'
  return undefined
}
