import { nobody } from '@hours/protocol'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { createPeople } from './people.ts'

describe('people', () => {
  it('have one pseudonym each, however a name is spaced or cased, that says nothing of the name', () => {
    const people = createPeople(new DatabaseSync(':memory:'))
    const draft = people.draft()
    const pseudonym = draft.pseudonym('Li  Wei')
    expect(pseudonym).toMatch(/^p-[\w-]{43}$/)
    expect([draft.pseudonym(' li wei '), draft.pseudonym('ＬＩ ＷＥＩ')]).toEqual([pseudonym, pseudonym])
    expect(draft.pseudonym('Wu Min')).not.toBe(pseudonym)
    expect([draft.pseudonym(''), draft.pseudonym('  ')]).toEqual([undefined, undefined])
    expect(draft.pseudonym(nobody)).toBe(nobody)
    expect(draft.pseudonym(pseudonym ?? '')).toBe(pseudonym)
  })

  it('are kept only when their records are written, and the salt of each is its own', () => {
    const db = new DatabaseSync(':memory:')
    const people = createPeople(db)
    const dry = people.draft().pseudonym('Li Wei') ?? ''
    expect(people.nameOf(dry)).toBeUndefined()
    const draft = people.draft()
    const kept = draft.pseudonym('Li Wei') ?? ''
    expect(kept).not.toBe(dry)
    draft.keep()
    expect(createPeople(db).draft().pseudonym('LI WEI')).toBe(kept)
    expect(people.nameOf(kept)).toBe('Li Wei')
  })

  it('once forgotten cannot be tied to their pseudonym by anybody, and come back as somebody else', () => {
    const people = createPeople(new DatabaseSync(':memory:'))
    const draft = people.draft()
    const before = draft.pseudonym('Li Wei') ?? ''
    draft.keep()
    expect(people.forget(before)).toBe(true)
    expect(people.forget(before)).toBe(false)
    expect(people.nameOf(before)).toBeUndefined()
    expect(people.draft().pseudonym('Li Wei')).not.toBe(before)
  })
})
