import type { Sample } from '@hours/sensing'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createJournal, type JournalEntry, readJournal } from './journal.ts'
import { openSpool } from './spool.ts'

const time = { wall: 1_767_571_200_000, mono: 5, trust: [], steppedAt: -1, good: null }
const start = time.wall
const whole = fc.integer({ min: -1_000_000, max: 1_000_000_000 })
const entry = fc
  .record({
    instrument: fc.constantFrom('sem-01', 'xrd-01', 'nmr-01'),
    source: fc.integer({ min: 0, max: 1 }),
    at: fc.integer({ min: start, max: start + 100_000 }),
    said: fc.option(
      fc.record(
        {
          powerMw: whole,
          energyMwh: whole,
          onTimeMs: whole,
          contact: fc.record({ run: fc.boolean(), fault: fc.boolean() }, { requiredKeys: [] }),
        },
        { requiredKeys: [] },
      ),
    ),
  })
  .map(({ instrument, source, at, said }): JournalEntry => {
    if (!said) return { instrument, source, at }
    // fast-check makes plain optional keys; exactOptionalPropertyTypes cannot see that.
    const sample = { at, ...said } as Sample
    return { instrument, source, at, sample }
  })

const of = (entries: readonly JournalEntry[], instrument: string, source: number) => {
  const own = entries.filter((one) => one.instrument === instrument && one.source === source)
  return [own.filter(({ sample }) => sample), own.filter(({ sample }) => !sample)]
}

it('the journal gives back what it was given, each source in its order', () => {
  fc.assert(
    fc.property(fc.array(fc.array(entry, { maxLength: 30 }), { maxLength: 4 }), (chunks) => {
      const spool = openSpool(':memory:', { maxBytes: 1_000_000_000, maxAgeDays: 1 }, () => start)
      const journal = createJournal(spool, 0)
      for (const [i, chunk] of chunks.entries()) {
        for (const one of chunk) journal.add(one)
        journal.flush(start + i, time)
      }
      const back = [...readJournal(spool, 0)]
      expect(back.every((row) => row.time.wall === time.wall && row.entries.length > 0)).toBe(true)
      const entries = back.flatMap((row) => row.entries)
      const given = chunks.flat()
      expect(entries).toHaveLength(given.length)
      for (const id of ['sem-01', 'xrd-01', 'nmr-01'])
        for (const source of [0, 1]) {
          expect(of(entries, id, source)).toEqual(of(given, id, source))
        }
      spool.close()
    }),
    { numRuns: 60 },
  )
})
