import { createHook } from 'node:async_hooks'
import { expect, it } from 'vitest'
import { checkPassword, createPasswordMemory, hashPassword, newGatewayPassword } from './password.ts'

it('a password that was right is known again; another, or the same after it was replaced, is not', async () => {
  const memory = createPasswordMemory()
  const password = Buffer.from(newGatewayPassword())
  const stored = await hashPassword(password.toString())
  expect(memory.isKnown('gw-1', password, stored)).toBe(false)
  memory.remember('gw-1', password, stored)
  expect(memory.isKnown('gw-1', password, stored)).toBe(true)
  expect(memory.isKnown('gw-1', Buffer.from(newGatewayPassword()), stored)).toBe(false)
  expect(memory.isKnown('gw-1', Buffer.alloc(0), stored)).toBe(false)
  expect(memory.isKnown('gw-2', password, stored)).toBe(false)
  expect(memory.isKnown('gw-2', password, undefined)).toBe(false)
  expect(memory.isKnown('gw-1', password, undefined)).toBe(false)
  expect(memory.isKnown('gw-1', password, await hashPassword(password.toString()))).toBe(false)
})

it('an unknown gateway costs a check as a known one does', async () => {
  const stored = await hashPassword('right')
  let checks = 0
  const hook = createHook({ init: (_id, type) => void (checks += type === 'SCRYPTREQUEST' ? 1 : 0) }).enable()
  expect(await checkPassword(Buffer.from('right'), stored)).toBe(true)
  expect(await checkPassword(Buffer.from('wrong'), stored)).toBe(false)
  expect(await checkPassword(Buffer.from('any'), undefined)).toBe(false)
  hook.disable()
  expect(checks).toBe(3)
})
