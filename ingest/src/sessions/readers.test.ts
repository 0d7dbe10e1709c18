import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fileText } from './file-text.ts'
import type { ImportRow } from './plan.ts'
import { formatOf, formats, readFile } from './read-file.ts'
import { readTime } from './site-time.ts'
import { createTimeIndex } from './time-index.ts'
import { fieldOf } from './vocabulary.ts'

const now = Date.UTC(2026, 0, 5)
async function rowsOf(text: string, format: (typeof formats)[number]): Promise<ImportRow[] | string> {
  const read = readFile(text, format, { now })
  if (!read.ok) return read.error.code
  const rows: ImportRow[] = []
  for await (const row of read.value.rows) rows.push(row)
  return rows
}

describe('readers', () => {
  it('never throw, whatever the bytes and whatever they are said to be', async () => {
    const begins = fc.constantFrom(
      '',
      'instrument,from,to\n',
      'JobID|User|Start|End|CPUTimeRAW\n',
      '[{"innerId": 1},',
      'BEGIN:VCALENDAR\nBEGIN:VEVENT\n',
      'BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260105T010000Z\r\nRRULE:FREQ=DAILY\r\n',
    )
    const parts = fc.array(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.constantFrom('"', '\n', ',', 'END:VEVENT\n', 'END:VCALENDAR', '{}', ']', '\u0000'),
      ),
      { maxLength: 12 },
    )
    await fc.assert(
      fc.asyncProperty(begins, parts, fc.constantFrom(...formats), async (begin, more, format) => {
        const text = fileText(Buffer.from(begin + more.join('')))
        if (text.ok) {
          formatOf(text.value)
          await rowsOf(text.value, format)
        }
      }),
      { numRuns: 400 },
    )
  })

  it('find every row of a table again, with quotes, delimiters and line ends in its cells', async () => {
    const cell = fc
      .string()
      .filter((one) => !/[\r\u0000]/.test(one) && one.trim() === one && !one.startsWith("'"))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(cell, cell), { maxLength: 8 }), async (cells) => {
        const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`
        const text = `from,user,purpose\n${cells.map(([a, b]) => `x,${quoted(a)},${quoted(b)}`).join('\n')}\n`
        const rows = await rowsOf(text, 'csv')
        expect(rows).toHaveLength(cells.length)
        expect(
          (rows as { input: Record<string, string> }[]).map(({ input }) => [input['user'], input['purpose']]),
        ).toEqual(cells)
      }),
      { numRuns: 200 },
    )
  })

  it('know headings whatever their case, blanks and underlines, in both languages', () => {
    expect(
      ['Instrument ID', 'START_TIME', 'validSamples', 'on hours', '受益单位', ' 开机机时 '].map(fieldOf),
    ).toEqual(['instrument', 'from', 'validSamples', 'onHours', 'beneficiary', 'onHours'])
    expect(fieldOf('colour')).toBeUndefined()
  })
})

describe('local times', () => {
  const read = (text: string | number, zone = 'Asia/Shanghai', fold?: 0 | 1) => readTime(text, zone, fold)

  it('are read as people write them', () => {
    const at = Date.UTC(2026, 2, 1)
    const same = [
      '2026-03-01 08:00',
      '2026/3/1 8:00',
      '2026年3月1日 8:00',
      '2026-03-01T08:00:00+08:00',
      '2026-03-01T00:00Z',
      '２０２６-03-01 08:00',
      at,
    ]
    expect(same.map((one) => read(one))).toEqual(same.map(() => ({ ok: true, value: at })))
    expect(read('2026-02-28 24:00')).toEqual({ ok: true, value: Date.UTC(2026, 1, 28, 16) })
  })

  it('that are none are refused', () => {
    for (const one of [
      '',
      'soon',
      '2026-02-30',
      '2026-13-01',
      '2026-03-01 25:00',
      '1970-01-01',
      Number.NaN,
      1.5,
    ])
      expect(read(one).ok).toBe(false)
  })

  it('that come twice or never are told apart', () => {
    const zone = 'Europe/Berlin'
    expect(read('2025-03-30 02:30', zone)).toMatchObject({ error: { code: 'clock_gap' } })
    expect(read('2025-10-26 02:30', zone)).toMatchObject({ error: { code: 'clock_overlap' } })
    expect(read('2025-10-26 02:30', zone, 0)).toEqual({ ok: true, value: Date.UTC(2025, 9, 26, 0, 30) })
    expect(read('2025-10-26 02:30', zone, 1)).toEqual({ ok: true, value: Date.UTC(2025, 9, 26, 1, 30) })
  })
})

describe('the index of times', () => {
  it('finds what a search through all finds, in whatever order things came', () => {
    const span = fc
      .tuple(fc.nat(1_000), fc.integer({ min: 1, max: 900 }))
      .map(([from, length]) => ({ from, to: from + length }))
    fc.assert(
      fc.property(fc.array(span, { maxLength: 400 }), span, (all, wanted) => {
        const index = createTimeIndex<{ from: number; to: number }>()
        for (const one of all) index.add(one)
        const found = index.overlapping(wanted, 1_000)
        const expected = all.filter((one) => one.from < wanted.to && one.to > wanted.from)
        expect(new Set(found)).toEqual(new Set(expected))
        expect(found).toHaveLength(expected.length)
        expect(index.overlapping(wanted, 3).length).toBe(Math.min(3, expected.length))
      }),
    )
  })
})
