import { createModbusMeter, createMtconnectAgent, type MachineState } from '@hours/firmware-sim'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createBench, start, statesOf, tasmota, testConfig } from '../../gateway/src/gateway.fixture.ts'
import { instrument, runSources } from './sources.fixture.ts'

const minute = 60_000

/** A plug that says run for five minutes and then off; a contact that says the other thing, or nothing at all. */
async function pages(combine: 'primary' | 'any' | 'all', contact: 'run' | 'standby' | 'silent') {
  const one = tasmota('sem-01', 'pow1', { others: [{ kind: 'gpio', line: 17 }], combine })
  const bench = createBench({ config: testConfig({ instruments: [one] }) })
  bench.begin()
  for (let at = 0; at < 14 * minute; at += 10_000) {
    bench.watts(at < 5 * minute ? 800 : 0)
    const said = { powered: true, run: contact === 'run' }
    if (contact !== 'silent')
      bench.gateway.handleReading('sem-01', 1, {
        ok: true,
        value: { kind: 'sample', sample: { at: bench.clock.wall(), contact: said } },
      })
    await bench.pass(10_000)
  }
  const spans = statesOf(bench.peer.pages(), start, start + 10 * minute)
  return { spans: spans.map(({ state, from, to }) => [state, from - start, to - start]), bench }
}

describe('a plug and a contact on one instrument', () => {
  it.each([
    [
      'primary',
      'run',
      [
        ['run', 0, 5],
        ['unknown', 5, 10],
      ],
      true,
    ],
    [
      'primary',
      'standby',
      [
        ['run', 0, 5],
        ['off', 5, 10],
      ],
      false,
    ],
    [
      'primary',
      'silent',
      [
        ['run', 0, 5],
        ['off', 5, 10],
      ],
      false,
    ],
    ['any', 'run', [['run', 0, 10]], true],
    [
      'any',
      'standby',
      [
        ['run', 0, 5],
        ['standby', 5, 10],
      ],
      false,
    ],
    [
      'any',
      'silent',
      [
        ['run', 0, 5],
        ['unknown', 5, 10],
      ],
      false,
    ],
    [
      'all',
      'run',
      [
        ['run', 0, 5],
        ['off', 5, 10],
      ],
      true,
    ],
    [
      'all',
      'standby',
      [
        ['standby', 0, 5],
        ['off', 5, 10],
      ],
      false,
    ],
    [
      'all',
      'silent',
      [
        ['unknown', 0, 5],
        ['off', 5, 10],
      ],
      false,
    ],
  ] as const)('%s, while the contact says %s', async (combine, contact, expected, conflict) => {
    const { spans, bench } = await pages(combine, contact)
    expect(spans).toEqual(expected.map(([state, from, to]) => [state, from * minute, to * minute]))
    expect(bench.alarms.has('source_conflict:sem-01')).toBe(conflict)
    expect(bench.gateway.status().alarms?.includes('source_conflict:sem-01')).toBe(conflict)
    expect(bench.alarms.has('source_silent:sem-01+1')).toBe(contact === 'silent')
    expect(bench.alarms.has('source_silent:sem-01')).toBe(false)
  })
})

it('sources of two kinds really are read beside each other, and each is watched by itself', async () => {
  const meter = await createModbusMeter({ model: 'sdm120', read: () => ({ watts: 41, wattHours: 1 }) })
  let state: MachineState = { availability: 'AVAILABLE', execution: 'ACTIVE', at: start }
  const agent = await createMtconnectAgent(() => state)
  onTestFinished(async () => {
    await meter.close()
    await agent.close()
  })
  const source = {
    kind: 'modbus-tcp',
    host: '127.0.0.1',
    port: meter.port,
    meter: 'sdm120',
    everyMs: 200,
  } as const
  const others = [{ kind: 'mtconnect', url: agent.url, everyMs: 500 }]
  const bench = runSources([instrument(source, { others, combine: 'any', maxGapMs: 2_000 })])
  await bench.shows('run', 41_000)
  state = { ...state, availability: 'UNAVAILABLE' }
  await bench.raises('source_offline:sem-01+1')
  expect(bench.alarms()).not.toContain('source_offline:sem-01')
})
