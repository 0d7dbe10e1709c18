import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * Runs the tests: first says in one line what this machine lacks and which suites are left out for it, then hands
 * over to vitest. Nothing is installed here (house.md, section 2). HOURS_REQUIRE_SERVICES=1 makes it a failure.
 */
const services = [
  { program: 'influxd', debian: 'influxdb', suites: 'series and Grafana on a real InfluxDB' },
  { program: 'mosquitto', debian: 'mosquitto', suites: 'broker contract and conformance on Mosquitto' },
  {
    program: 'mosquitto_pub',
    debian: 'mosquitto-clients',
    suites: 'end to end from an independent MQTT client',
  },
  { program: 'chromium', debian: 'chromium', suites: 'the page in a real browser' },
]
const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/bin']
const missing = services.filter(({ program }) => !folders.some((folder) => existsSync(join(folder, program))))
if (missing.length > 0) {
  console.log(
    `Left out: ${missing.map((one) => one.suites).join('; ')}. To run them too: apt-get install ${missing.map((one) => one.debian).join(' ')}`,
  )
  if (process.env['HOURS_REQUIRE_SERVICES'] === '1') {
    console.log(`HOURS_REQUIRE_SERVICES=1 and ${missing.map((one) => one.program).join(', ')} missing`)
    console.log('0 passed, 1 failed')
    process.exit(1)
  }
}
const [vitest = '', ...args] = process.argv.slice(2)
const long = args.includes('--long')
const rest = args.filter((arg) => arg !== '--long')
const done = spawnSync(process.execPath, [vitest, 'run', ...rest], {
  stdio: 'inherit',
  env: { ...process.env, ...(long ? { HOURS_LONG: '1' } : {}), TZ: 'UTC' },
})
process.exit(done.status ?? 1)
