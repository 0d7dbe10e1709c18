import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { DAY } from '@hours/protocol'
import { afterEach, expect, it } from 'vitest'

interface Line {
  readonly id: string
  readonly figures: Readonly<Record<'sets' | 'enrolled' | 'unknown', { readonly value: number }>>
}

let child: ChildProcess | undefined
afterEach(() => child?.kill('SIGKILL'))

/** Runs the scenario and presses Ctrl-C when it says `when`; resolves when it has ended by itself. */
async function interrupted(when: RegExp, ...flags: readonly string[]) {
  const running = spawn(process.execPath, ['hours.ts', 'scenario', 'south-china', '--json', ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  child = running
  const said = { out: '', err: '' }
  running.stdout.on('data', (text) => (said.out += String(text)))
  running.stderr.on('data', (text) => {
    const before = when.test(said.err)
    said.err += String(text)
    if (!before && when.test(said.err)) running.kill('SIGINT')
  })
  const [code] = (await once(running, 'close')) as [number | null]
  return { code, ...said }
}

it('Ctrl-C ends the scenario with the table of the whole days that were played', async () => {
  const { code, out, err } = await interrupted(/25 %/, '--only', 'channels', '--days', '4')
  const days = Number(/stopped: figures of the first (\d) days/.exec(err)?.[1])
  expect(code).toBe(0)
  expect([1, 2, 3]).toContain(days)
  const lines = JSON.parse(out) as Line[]
  expect(lines).toHaveLength(17)
  for (const { id, figures } of lines) {
    const [sets, enrolled] = [figures.sets.value, figures.enrolled.value]
    expect({ id, enrolled }).toEqual({ id, enrolled: sets * days * DAY })
    // Nothing that was played was lost on the way: what is unknown is a radio's silence.
    expect(figures.unknown.value).toBeLessThan(0.02 * enrolled)
  }
})

it('Ctrl-C in the second part keeps the table of the first', async () => {
  const { code, out, err } = await interrupted(/the other channels, 1 days: 25 %/, '--days', '1')
  expect(err).toContain('stopped: figures of the first 0 days of the other channels')
  expect(code).toBe(0)
  const lines = JSON.parse(out) as Line[]
  expect(lines.map(({ id, figures }) => [id, figures.sets.value])).toEqual([['gz-network', 232]])
})
