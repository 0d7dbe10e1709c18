import { expect, it } from 'vitest'
import { formatPasswordHash, parsePasswordHash } from './password-hash.ts'

const one = { N: 4_096, r: 8, p: 1, salt: 'c2FsdA', key: 'a-2_5' }

it('a password hash is read back as it was written', () => {
  expect(formatPasswordHash(one)).toBe('scrypt$4096$8$1$c2FsdA$a-2_5')
  expect(parsePasswordHash(formatPasswordHash(one))).toEqual(one)
})

it.each([
  '',
  'scrypt',
  'bcrypt$4096$8$1$a$b',
  'scrypt$x$8$1$a$b',
  'scrypt$4096$8$1$a',
  'scrypt$4096$8$1$a$b$c',
])('is no password hash: "%s"', (text) => {
  expect(parsePasswordHash(text)).toBeUndefined()
})
