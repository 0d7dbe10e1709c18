import { Point } from '@influxdata/influxdb-client'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { SeriesPoint } from './series-ports.ts'
import { lineProtocol } from './line-protocol.ts'
import { faultOf, measurementNames, measurements } from './measurements.ts'
import { packPoints, unpackPoints } from './packed-points.ts'

const id = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,20}$/)
const value = {
  i: fc.maxSafeInteger().map((i) => ({ i })),
  f: fc.double({ noNaN: true, noDefaultInfinity: true }).map((f) => ({ f: f + 0 })),
  s: fc.string({ maxLength: 60, unit: 'binary' }).map((s) => ({ s })),
}

/** Any point that may be written: all tags, some of the fields. */
const anyPoint = fc.constantFrom(...measurementNames).chain((measurement) => {
  const { tags, fields } = measurements[measurement]
  const tagValue = (name: string) => (name === 'how' ? fc.nat(167).map(String) : id)
  return fc.record({
    measurement: fc.constant(measurement),
    tags: fc.record(Object.fromEntries(tags.map((name) => [name, tagValue(name)]))),
    fields: fc
      .record(Object.fromEntries(Object.entries(fields).map(([name, type]) => [name, value[type]])), {
        requiredKeys: [Object.keys(fields)[0]!],
      })
      .map((some) => ({ ...some })),
    at: fc.integer({ min: 0, max: 4e12 }),
  })
}) as fc.Arbitrary<SeriesPoint>

/** As the client of InfluxDB's makers writes it. */
function reference({ measurement, tags, fields, at }: SeriesPoint): string {
  const point = new Point(measurement).timestamp(at)
  for (const [name, tag] of Object.entries(tags)) point.tag(name, tag)
  for (const [name, field] of Object.entries(fields))
    if ('i' in field) point.intField(name, field.i)
    else if ('f' in field) point.floatField(name, field.f)
    else point.stringField(name, field.s)
  return point.toLineProtocol() ?? ''
}

/** The client sorts fields, which no server minds. */
const sorted = (line: string) => line.split(/[ ,]/).sort().join(' ')

it('writes every point that may be written as the client of InfluxDB does', () => {
  fc.assert(
    fc.property(anyPoint, (point) => {
      fc.pre(faultOf(point) === undefined)
      expect(sorted(lineProtocol([point]).join())).toBe(sorted(reference(point)))
    }),
    { numRuns: 500 },
  )
})

it('groups a batch by series, keeps the order within each, and never parts it: the later of two values stands', () => {
  const power = (instrument: string, w: number): SeriesPoint => ({
    measurement: 'power',
    tags: { site: 'gz', instrument },
    fields: { w: { f: w } },
    at: 1,
  })
  const points = [power('a', 1), power('b', 2), power('a', 3)]
  const [first, second, last] = [
    'power,instrument=a,site=gz w=1 1',
    'power,instrument=a,site=gz w=3 1',
    'power,instrument=b,site=gz w=2 1',
  ]
  expect(lineProtocol(points)).toEqual([`${first}\n${second}\n${last}`])
  expect(lineProtocol(points, 2)).toEqual([`${first}\n${second}`, last])
  expect(lineProtocol(points.slice(0, 1), 2)).toEqual([first])
  expect(lineProtocol([])).toEqual([])
})

it('gives packed points back as they were, and reads what the release before it packed', () => {
  fc.assert(
    fc.property(fc.array(anyPoint, { maxLength: 5 }), (points) => {
      expect(unpackPoints(packPoints(points))).toEqual(points)
      expect(unpackPoints(JSON.stringify(points))).toEqual(JSON.parse(JSON.stringify(points)))
    }),
  )
})
