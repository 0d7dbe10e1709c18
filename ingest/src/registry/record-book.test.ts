import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type BookRecord, createRecordBook } from './record-book.ts'

const hashes = ['a', 'b', 'c', 'd', 'e', 'f'] as const
const hash = fc.constantFrom(...hashes)
const body = fc.oneof(
  fc.record({ kind: fc.constant('session'), id: hash }),
  fc.record({ kind: fc.constant('booking'), id: hash, replaces: fc.option(hash, { nil: undefined }) }),
  fc.record({ kind: fc.constant('correction'), of: hash, actor: fc.constantFrom('ann', 'bob') }),
  fc.record({
    kind: fc.constant('approval'),
    of: fc.constantFrom('x0', 'x1', 'x2', 'x3'),
    by: fc.constant('ann'),
  }),
)
type Made = { readonly kind: string; readonly id?: string }

/** Records as the log brings them; the place of one is where it came unless `index` says another. */
function recordOf(made: Made, n: number, index: number): BookRecord {
  const { kind, id, ...rest } = made
  const named = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
  return {
    kind,
    hash: id === undefined ? `x${n}` : `${kind === 'booking' ? '' : 's'}${id}`,
    record: { ...named, ...(kind === 'correction' ? { void: true } : {}) },
    position: { year: 2026, index },
  } as unknown as BookRecord
}

it('says the same whether it was asked after every record or once at the end', () => {
  const asked = fc.tuple(body, fc.nat({ max: 30 }), fc.boolean())
  fc.assert(
    fc.property(fc.array(asked, { maxLength: 25 }), (given) => {
      const often = createRecordBook()
      const once = createRecordBook()
      for (const [n, [made, index, reads]] of given.entries()) {
        const record = recordOf(made, n, index)
        often.add(record)
        once.add(record)
        if (!reads) continue
        for (const kind of ['session', 'booking'] as const) {
          often.standing(kind)
          often.voided(kind)
        }
      }
      for (const kind of ['session', 'booking'] as const) {
        expect(often.standing(kind)).toEqual(once.standing(kind))
        expect(often.voided(kind)).toEqual(once.voided(kind))
      }
    }),
    { numRuns: 2_000 },
  )
})

it('hands out the same list until a record of its kind comes, and then another', () => {
  const book = createRecordBook()
  book.add(recordOf({ kind: 'session', id: 'a' }, 0, 0))
  const first = book.standing('session')
  book.add(recordOf({ kind: 'booking', id: 'a' }, 1, 1))
  expect(book.standing('session')).toBe(first)
  book.add(recordOf({ kind: 'session', id: 'b' }, 2, 2))
  expect(book.standing('session').map(({ hash: name }) => name)).toEqual(['sa', 'sb'])
  expect(first).toHaveLength(1)
})
