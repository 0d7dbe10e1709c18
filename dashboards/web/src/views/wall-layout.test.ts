import fc from 'fast-check'
import { expect, it } from 'vitest'
import { wallCapacity, wallLayout } from './wall-layout.ts'

it('has a place for every tile, and none is smaller than can be read while the surface holds them', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 700, max: 4_000 }),
      fc.integer({ min: 300, max: 2_200 }),
      fc.nat(60),
      fc.nat(200),
      (width, height, wide, single) => {
        const { columns, rows } = wallLayout({ wide, single }, { width, height })
        const widePlaces = columns === 1 ? 1 : 2
        expect(columns * rows).toBeGreaterThanOrEqual(wide * widePlaces + single)
        if (wide > 0 || wide + single > wallCapacity({ width, height, scale: 1 })) return
        expect(width / columns).toBeGreaterThanOrEqual(110)
        expect(height / rows).toBeGreaterThanOrEqual(75)
      },
    ),
  )
})

it('fills a screen of 1840 x 760 with 14, 16 and 60 instruments', () => {
  const screen = { width: 1_840, height: 760, scale: 1 }
  const of = (single: number) => wallLayout({ wide: 0, single }, screen)
  expect([of(14), of(16), of(60)]).toEqual([
    { columns: 5, rows: 3 },
    { columns: 4, rows: 4 },
    { columns: 9, rows: 7 },
  ])
  expect(wallCapacity(screen)).toBe(60)
})
