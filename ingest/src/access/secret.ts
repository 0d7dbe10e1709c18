import { createHash, randomBytes, scrypt, scryptSync, timingSafeEqual } from 'node:crypto'

/** scrypt cost: about 60 ms and 32 MiB a check (OWASP: N 2^15, r 8, p 1 at least). */
const cost = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 2 ** 20 }
const keyBytes = 32

const derive = (password: string, salt: Buffer, options: typeof cost): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, keyBytes, options, (error, key) => {
      if (error) reject(error)
      else resolve(key)
    })
  })

/** `scrypt$N$r$p$salt$hash`, base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const key = await derive(password, salt, cost)
  return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64url'), key.toString('base64url')].join('$')
}

/** Gateways' passwords are 32 random bytes: half of the cost is more than enough, and a flood of connects burns less. */
const lightCost = { N: 2 ** 14, r: 8, p: 1 }

/** As `hashPassword`, at once, for passwords that a machine made. */
export function hashRandomPassword(password: string): string {
  const salt = randomBytes(16)
  const key = scryptSync(password, salt, keyBytes, lightCost)
  const { N, r, p } = lightCost
  return ['scrypt', N, r, p, salt.toString('base64url'), key.toString('base64url')].join('$')
}

let dummy: Promise<string> | undefined

/** Whether `password` fits; an unknown account (undefined) costs the same time as a known one. */
export async function checkPassword(password: string, stored: string | undefined): Promise<boolean> {
  dummy ??= hashPassword(newToken())
  const [, n, r, p, salt = '', hash = ''] = (stored ?? (await dummy)).split('$')
  const options = { ...cost, N: Number(n), r: Number(r), p: Number(p) }
  const key = await derive(password, Buffer.from(salt, 'base64url'), options)
  const wanted = Buffer.from(hash, 'base64url')
  return wanted.length === key.length && timingSafeEqual(key, wanted) && stored !== undefined
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
