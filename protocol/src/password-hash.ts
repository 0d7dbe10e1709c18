import { z } from 'zod'

/** How a password is kept: scrypt (RFC 7914) with its cost; salt and key base64url. */
export interface PasswordHash {
  readonly N: number
  readonly r: number
  readonly p: number
  readonly salt: string
  readonly key: string
}

const pattern = /^scrypt\$(\d+)\$(\d+)\$(\d+)\$([\w-]+)\$([\w-]+)$/

/** `scrypt$N$r$p$salt$key`: ingest, the broker's accounts file and its console write it, the broker and ingest read it. */
export const PasswordHashText = z.string().regex(pattern, 'a hash made by hours broker --hash-password')

export const formatPasswordHash = ({ N, r, p, salt, key }: PasswordHash): string =>
  ['scrypt', N, r, p, salt, key].join('$')

/** Undefined for what is no such text. */
export function parsePasswordHash(text: string): PasswordHash | undefined {
  const [, N, r, p, salt, key] = pattern.exec(text) ?? []
  if (salt === undefined || key === undefined) return undefined
  return { N: Number(N), r: Number(r), p: Number(p), salt, key }
}
