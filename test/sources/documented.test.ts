import { readFileSync } from 'node:fs'
import { parseGatewayConfig } from '@hours/gateway'
import { Source } from '@hours/protocol'
import { expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { instrument, type SourceText } from './sources.fixture.ts'

const text = readFileSync(new URL('../../docs/sources.md', import.meta.url), 'utf8')
const blocks = [...text.matchAll(/```yaml\n(.*?)```/gs)].map(([, block = '']) => block)
/** One `source` a piece: a block may show several in a row. */
const pieces = blocks
  .flatMap((block) => block.split(/^(?=source:)/m))
  .filter((piece) => piece.startsWith('source:'))
const sources = pieces.map((piece) => (parse(piece) as { source: SourceText }).source)

it('every configuration in docs/sources.md is one the gateway takes, and every kind has one', () => {
  const head = {
    site: 'lab',
    gateway: 'gw-1',
    broker: { url: 'mqtt://127.0.0.1' },
    local: { url: 'mqtt://127.0.0.1' },
    push: '127.0.0.1:8095',
  }
  const env = { SEM_TOKEN: 'a-token-of-the-test-bench' }
  for (const source of sources)
    parseGatewayConfig(stringify({ ...head, instruments: [instrument(source)] }), 'docs/sources.md', { env })
  const kinds = Source.options.map((option) => option.shape.kind.value)
  expect(new Set(sources.map(({ kind }) => kind))).toEqual(new Set(kinds))
})

it('so is its whole instrument, and its several sources on one', () => {
  const [whole = ''] = blocks
  const { instruments } = parse(whole) as { instruments: Record<string, unknown>[] }
  const several = parse(blocks.at(-1) ?? '') as Record<string, unknown>
  const config = (one: Record<string, unknown>) =>
    stringify({
      site: 'lab',
      gateway: 'gw-1',
      broker: { url: 'mqtt://127.0.0.1' },
      local: { url: 'mqtt://127.0.0.1' },
      instruments: [one],
    })
  expect(parseGatewayConfig(config(instruments[0]!)).instruments[0]?.source.kind).toBe('modbus-tcp')
  expect(parseGatewayConfig(config({ ...instruments[0], ...several })).instruments[0]?.combine).toBe('any')
})
