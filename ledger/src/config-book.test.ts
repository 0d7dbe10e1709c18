import { HOUR, MINUTE, type Page } from '@hours/protocol'
import { expect, it } from 'vitest'
import { createConfigBook } from './config-book.ts'
import { createTimeIndex } from './time-index.ts'

const t0 = Date.UTC(2026, 2, 2)
const gateway = 'gw-1' as Page['gateway']
const [first, second, third] = ['A'.repeat(43), 'B'.repeat(43), 'C'.repeat(43)] as const

/** Revision 1 logged at 10, revision 2 at 20 with a date two hours on; `time` records at 11 (t0) and 21 (an hour later). */
function book() {
  const times = createTimeIndex()
  const configs = createConfigBook(times)
  configs.add({ gateway, revision: 1 }, first, { year: 2026, index: 10 })
  times.add({ year: 2026, index: 11 }, t0)
  configs.add({ gateway, revision: 2, from: t0 + 3 * HOUR }, second, { year: 2026, index: 20 })
  times.add({ year: 2026, index: 21 }, t0 + HOUR)
  return configs
}
const codes = (
  configs: ReturnType<typeof book>,
  { revision, sha256, from, size }: { revision: number; sha256: string; from: number; size: number | null },
) =>
  configs
    .findings(
      { gateway, config: { revision, sha256 }, from },
      size === null ? null : { origin: 'demo.hours/2026', size, root: 'x' },
    )
    .map(({ code }) => code)

it('settings that the operator has signed are told of in nothing; others are', () => {
  const page = { from: t0 + MINUTE, size: 12 }
  expect(codes(book(), { revision: 1, sha256: first, ...page })).toEqual([])
  expect(codes(book(), { revision: 0, sha256: third, ...page })).toEqual(['config'])
  expect(codes(book(), { revision: 7, sha256: first, ...page })).toEqual(['config'])
  expect(codes(createConfigBook(createTimeIndex()), { revision: 1, sha256: first, ...page })).toEqual([
    'config',
  ])
})

it('a record of which only the digest is shown may be the one', () => {
  const configs = book()
  configs.addHidden(third)
  expect(codes(configs, { revision: 9, sha256: third, from: t0, size: 12 })).toEqual([])
})

it('older settings are told of once newer ones were in force for an hour and the gateway had seen the log with them', () => {
  const old = { revision: 1, sha256: first }
  expect(codes(book(), { ...old, from: t0 + 4 * HOUR, size: 21 })).toEqual(['config_stale'])
  expect(codes(book(), { ...old, from: t0 + 4 * HOUR - 1, size: 21 })).toEqual([])
  expect(codes(book(), { ...old, from: t0 + 4 * HOUR, size: 20 })).toEqual([])
  expect(codes(book(), { ...old, from: t0 + 4 * HOUR, size: null })).toEqual([])
  expect(codes(book(), { revision: 2, sha256: second, from: t0 + 9 * HOUR, size: 99 })).toEqual([])
})
