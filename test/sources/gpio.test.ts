import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { instrument, runSources, testFolder } from './sources.fixture.ts'

afterEach(() => vi.unstubAllEnvs())

/**
 * A program in place of `gpioget`: no GPIO is at hand where tests run. It says what the real one says (libgpiod 1.6.3
 * and 2.1 manuals; the error is what 1.6.3 printed on a machine without a chip) and writes down what it was asked.
 */
function fakeGpioget(version: string) {
  const folder = testFolder()
  const state = join(folder, 'state')
  const asked = join(folder, 'asked')
  const path = join(folder, 'gpioget')
  writeFileSync(asked, '')
  writeFileSync(
    path,
    `#!/bin/sh
if [ "$1" = --version ]; then echo "gpioget (libgpiod) ${version}"; exit 0; fi
echo "$*" >>"${asked}"
. "${state}"
`,
  )
  chmodSync(path, 0o755)
  vi.stubEnv('PATH', `${folder}:${process.env['PATH'] ?? ''}`)
  return {
    says: (script: string) => writeFileSync(state, script),
    asked: () => new Set(readFileSync(asked, 'utf8').trim().split('\n')),
  }
}
const contact = (change: object = {}) => ({ kind: 'gpio' as const, line: 17, everyMs: 200, ...change })

describe('a dry contact at a GPIO line', () => {
  it.each([
    ['v1.6.3', '-- /dev/gpiochip0 17'],
    ['v2.1.3', '--numeric -c /dev/gpiochip0 17'],
  ])('is read by gpioget %s', async (version, args) => {
    const gpio = fakeGpioget(version)
    gpio.says('echo 1')
    const { shows } = runSources([instrument(contact())])
    await shows('run')
    gpio.says('echo 0')
    await shows('off')
    expect([...gpio.asked()]).toEqual([args])
  })

  it('is read together with others of its chip, and by itself where one of them cannot be read', async () => {
    const gpio = fakeGpioget('v1.6.3')
    gpio.says(
      'case "$*" in *5*) exit 1;; "-- /dev/gpiochip0 4 17") echo 0 1;; *17) echo 1;; *4) echo 0;; esac',
    )
    const bad = instrument(contact({ line: 5 }), { id: 'nmr-01' })
    const { shows, now, raises } = runSources([
      instrument(contact()),
      instrument(contact({ line: 4 }), { id: 'xrd-01' }),
      bad,
    ])
    await shows('run')
    await raises('source_offline:nmr-01')
    expect([now('xrd-01')[0], now('nmr-01')[0]]).toEqual(['off', 'unknown'])
    // The broken one is asked less and less; the two others go on together.
    await vi.waitFor(() => expect(gpio.asked()).toContain('-- /dev/gpiochip0 4 17'), { timeout: 10_000 })
  })

  it('that is wired to be low when active is turned over', async () => {
    const gpio = fakeGpioget('v1.6.3')
    gpio.says('echo 0')
    const { shows } = runSources([instrument(contact({ activeLow: true, means: 'powered' }))])
    await shows('standby')
  })

  it.each([
    ['no such chip', 'echo "gpioget: error reading GPIO values: No such file or directory" >&2; exit 1'],
    ['rubbish', 'echo maybe'],
    ['no word at all', 'exit 0'],
    ['no end', 'exec sleep 60'],
  ])('that answers with %s has no state', async (_, script) => {
    const gpio = fakeGpioget('v1.6.3')
    gpio.says('echo 1')
    const { shows, raises, ends } = runSources([instrument(contact(), { maxGapMs: 1_000 })])
    await shows('run')
    gpio.says(script)
    await raises('source_offline:sem-01')
    await shows('unknown')
    gpio.says('echo 1')
    await shows('run')
    await ends('source_offline:sem-01')
  })

  it('without gpioget on the machine is named as not started', async () => {
    vi.stubEnv('PATH', testFolder())
    const { raises, now } = runSources([instrument(contact())])
    await raises('source_failed:sem-01')
    expect(now()[0]).toBe('unknown')
  })
})
