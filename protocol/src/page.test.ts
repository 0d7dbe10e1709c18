import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodePage, encodePage, maxPageBytes, type Page, pageGrowth } from './page.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

/** The example of wire.md, section 3. */
const example = {
  v: 1,
  site: 'gz-gibh',
  gateway: 'gw-0007',
  epoch: 3,
  seq: 18_233,
  prev: '1YD1CedbgG4qwc2Ve2ZJP4PQ-ZMEJi8IDoGu5bHlOqY',
  from: 1_763_867_400_000,
  to: 1_763_867_700_000,
  boot: 41,
  mono: [81_200_340, 81_500_340],
  clock: { source: 'ntp', offsetMs: 3, errorMs: 12, steppedMs: 0 },
  seen: { origin: 'gz.hours/2026', size: 1_203_344, root: '3bib5AOAnjJXUNPSY814kpwpQreUKjS3fhIslZSnTIw=' },
  spool: { pages: 0, oldest: null, dropped: 0 },
  software: '1.0.0',
  config: { revision: 7, sha256: '' },
  instruments: [
    {
      id: 'sem-01',
      spans: [
        ['run', 0, 182_000],
        ['standby', 182_000, 300_000],
      ],
      onMs: 15_876_075_600,
      runMs: 11_232_122_400,
      mwh: 1_000_250_000,
      mw: [310_000, 905_000, 1_420_000],
      samples: 300,
      rejected: 0,
    },
  ],
}
const sent = (change: (page: Record<string, unknown> & typeof example) => void) => {
  const copy = structuredClone(example)
  change(copy)
  return decodePage(bytes(JSON.stringify(copy)))
}
const reason = (change: Parameters<typeof sent>[0]) => {
  const result = sent(change)
  return result.ok ? 'accepted' : `${result.error.code}: ${result.error.message}`
}

describe('a page on the wire', () => {
  it('reads the example of the wire format and writes it back byte for byte', () => {
    const read = decodePage(bytes(JSON.stringify(example)))
    expect(read.ok).toBe(true)
    if (read.ok) expect(encodePage(read.value)).toBe(JSON.stringify(example))
  })

  it('drops unknown fields and refuses an unknown version by name', () => {
    const read = sent((page) => Object.assign(page, { colour: 'blue' }))
    expect(read.ok && 'colour' in read.value).toBe(false)
    expect(read.ok).toBe(true)
    expect(reason((page) => Object.assign(page, { v: 2 }))).toBe(
      'unknown_version: v: 2; this software reads version 1',
    )
  })

  it.each([
    [
      'spans that overlap',
      (p: typeof example) => (p.instruments[0]!.spans[1] = ['standby', 181_999, 300_000]),
      'spans.1',
    ],
    [
      'spans outside the page',
      (p: typeof example) => (p.instruments[0]!.spans[1] = ['standby', 182_000, 300_001]),
      'spans.1',
    ],
    ['an empty span', (p: typeof example) => (p.instruments[0]!.spans[0] = ['run', 5, 5]), 'spans.0'],
    [
      'a span that claims unknown',
      (p: typeof example) => (p.instruments[0]!.spans[0] = ['unknown', 0, 5]),
      'spans.0.0',
    ],
    ['fractions of a millisecond', (p: typeof example) => (p.to += 0.5), 'to'],
    ['an end before the beginning', (p: typeof example) => (p.to = p.from), 'to'],
    ['run time above power-on time', (p: typeof example) => (p.instruments[0]!.runMs += 1e10), 'runMs'],
    [
      'an instrument twice',
      (p: typeof example) => p.instruments.push(structuredClone(p.instruments[0]!)),
      'instruments.1.id',
    ],
    ['an id with other characters', (p: typeof example) => (p.site = 'gz gibh'), 'site'],
    ['a clock that was never set', (p: typeof example) => (p.from = 300_000), 'from'],
    ['monotonic time that falls', (p: typeof example) => (p.mono[1] = 0), 'mono'],
  ])('refuses %s and names the field', (_name, change, field) => {
    expect(reason(change)).toContain('bad_field')
    expect(reason(change)).toContain(field)
  })

  it('refuses what is too long, not UTF-8 or not JSON', () => {
    const long = decodePage(new Uint8Array(maxPageBytes + 1))
    expect(long).toMatchObject({ ok: false, error: { code: 'oversize' } })
    expect(decodePage(new Uint8Array([0xff, 0xfe]))).toMatchObject({ ok: false, error: { code: 'not_utf8' } })
    expect(decodePage(bytes('{"v":1'))).toMatchObject({ ok: false, error: { code: 'not_json' } })
  })

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => typeof decodePage(noise).ok === 'boolean'),
      { numRuns: 10_000 },
    )
    fc.assert(
      fc.property(fc.json(), (json) => !decodePage(bytes(json)).ok),
      { numRuns: 10_000 },
    )
  })

  it('keeps a key called __proto__ out of every object', () => {
    const read = decodePage(bytes(JSON.stringify(example).replace('{"v"', '{"__proto__":{"seq":1},"v"')))
    expect(read.ok && read.value.seq).toBe(18_233)
    expect(({} as Partial<Page>).seq).toBeUndefined()
  })
})

describe('the growth of a page', () => {
  it('counts standby, run and fault as on, and run alone as run', () => {
    expect(
      pageGrowth([
        ['off', 0, 10],
        ['standby', 10, 30],
        ['run', 30, 70],
        ['fault', 80, 100],
      ]),
    ).toEqual({ onMs: 80, runMs: 40 })
  })
})
