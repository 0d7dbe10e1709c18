import { Source } from '@hours/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSparkplugSession } from './sparkplug-session.ts'

const source = Source.parse({ kind: 'sparkplug', group: 'lab', node: 'n', device: 'd' }) as Extract<
  Source,
  { kind: 'sparkplug' }
>
const at = Date.UTC(2026, 0, 5)
const metrics = (value: number, by: object = { name: 'power' }) => [{ ...by, value, timestamp: at }]

/** What a session makes of messages, briefly: mW, `offline`, `nothing` or a code. */
function told(messages: readonly (readonly [type: string, payload: unknown])[]): unknown[] {
  const session = createSparkplugSession(source)
  return messages.map(([type, payload]) =>
    session
      .take(`spBv1.0/lab/${type.replace('/', '/n/').replace(/^N[A-Z]+$/, '$&/n')}`, payload, at)
      .map((reading) => {
        if (!reading.ok) return reading.error.code
        const { value } = reading
        return value.kind === 'sample'
          ? value.sample.powerMw
          : value.kind === 'nothing'
            ? 'nothing'
            : 'offline'
      }),
  )
}
const bdSeq = (value: number) => [{ name: 'bdSeq', value }]

describe('the session of an edge node', () => {
  it('follows the sequence over messages of all devices, and over its end at 255', () => {
    const many = Array.from({ length: 256 }, (_, i) => ['DDATA/x', { seq: (i + 2) % 256 }] as const)
    expect(
      told([
        ['NBIRTH', { seq: 0, metrics: [] }],
        ['DBIRTH/d', { seq: 1, metrics: metrics(1) }],
        ...many,
        ['DDATA/d', { seq: 2, metrics: metrics(2) }],
      ]).flat(),
    ).toEqual([1_000, 2_000])
  })

  it('a number left out is coverage lost, once', () => {
    expect(
      told([
        ['DDATA/d', { seq: 4, metrics: metrics(1) }],
        ['DDATA/x', { seq: 6 }],
        ['DDATA/d', { seq: 7, metrics: metrics(2) }],
      ]),
    ).toEqual([[1_000], ['bad_frame', 'offline'], [2_000]])
  })

  it('aliases hold until a number is left out; the next birth makes them known again', () => {
    const named = { name: 'power', alias: 3 }
    expect(
      told([
        ['DBIRTH/d', { seq: 1, metrics: metrics(1, named) }],
        ['DDATA/d', { seq: 2, metrics: metrics(2, { alias: 3 }) }],
        ['DDATA/d', { seq: 4, metrics: metrics(3, { alias: 3 }) }],
        ['DDATA/d', { seq: 5, metrics: metrics(4, { alias: 3 }) }],
        ['NBIRTH', { seq: 0, metrics: [] }],
        ['DBIRTH/d', { seq: 1, metrics: metrics(5, named) }],
        ['DDATA/d', { seq: 2, metrics: metrics(6, { alias: 3 }) }],
      ]),
    ).toEqual([[1_000], [2_000], ['bad_frame', 'offline', 'nothing'], ['nothing'], [], [5_000], [6_000]])
  })

  it('needs a birth where it has heard none, and after each loss, until the node is born again or dead', () => {
    const session = createSparkplugSession(source)
    const says = (type: string, payload: object) => {
      session.take(`spBv1.0/lab/${type.replace('/', '/n/').replace(/^N[A-Z]+$/, '$&/n')}`, payload, at)
      return session.needsBirth()
    }
    expect(session.needsBirth()).toBe(false)
    expect(says('DDATA/d', { seq: 4, metrics: metrics(1) })).toBe(true)
    expect(says('NBIRTH', { seq: 0, metrics: bdSeq(1) })).toBe(false)
    expect(says('DDATA/d', { seq: 1, metrics: metrics(1) })).toBe(false)
    expect(says('DDATA/d', { seq: 3, metrics: metrics(1) })).toBe(true)
    expect(says('DDATA/d', { seq: 4, metrics: metrics(1) })).toBe(true)
    expect(says('NDEATH', { metrics: bdSeq(1) })).toBe(false)
  })

  it('believes the death of its own session only', () => {
    expect(
      told([
        ['NBIRTH', { seq: 0, metrics: bdSeq(5) }],
        ['NDEATH', { metrics: bdSeq(4) }],
        ['NDEATH', { metrics: bdSeq(5) }],
      ]),
    ).toEqual([[], [], ['offline']])
  })

  it('passes commands by, and never throws', () => {
    expect(told([['NCMD', { metrics: metrics(1) }]])).toEqual([[]])
    fc.assert(
      fc.property(
        fc.constantFrom('NBIRTH', 'NDATA', 'NDEATH', 'DBIRTH/d', 'DDATA/d', 'DDEATH/d', 'X/d'),
        fc.anything(),
        (type, payload) => {
          told([
            [type, payload],
            [type, { seq: payload, metrics: payload }],
            [type, { seq: 1, metrics: [payload, { name: 'bdSeq', value: payload }] }],
          ])
        },
      ),
    )
  })
})
