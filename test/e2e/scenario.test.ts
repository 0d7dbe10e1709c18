import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

interface Line {
  readonly id: string
  readonly sets: number
  readonly coreHours: number
  readonly figures: {
    readonly effective: number
    readonly external: number
    readonly unattributed: number
    readonly states: { readonly unknown: number }
    readonly rates: { readonly shareHours: { value: number; lower: number; upper: number } }
  }
}

it('plays two days of the channels, a holiday and a working day, through gateways, broker, log and index, and computes each of them', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['hours.ts', 'scenario', 'south-china', '--only', 'channels', '--days', '2', '--json'],
    { maxBuffer: 1e7 },
  )
  const lines = JSON.parse(stdout) as Line[]
  const byId = new Map(lines.map((line) => [line.id, line]))
  expect(lines).toHaveLength(17)
  const own = lines.filter(({ id }) => ['gdas', 'siat', 'scut', 'jnu', 'ihep', 'idsse'].includes(id))
  for (const { figures } of own) {
    const { value, lower, upper } = figures.rates.shareHours
    expect(lower).toBeLessThanOrEqual(value)
    expect(value).toBeLessThanOrEqual(upper)
    expect(figures.external).toBeGreaterThan(0)
  }
  // Every instrument once, however many channels list it.
  const owners = lines.filter(
    ({ id }) =>
      !['gd-province', 'yuekehui', 'ran-sheng', 'gz-service', 'shuangchuanghui', 'instrument-giant'].includes(
        id,
      ),
  )
  const province = byId.get('gd-province')
  expect(province?.sets).toBe(owners.reduce((sum, { sets }) => sum + sets, 0))
  expect(province?.figures.effective).toBe(owners.reduce((sum, { figures }) => sum + figures.effective, 0))
  // Computing time stands apart from hours of sharing.
  expect(byId.get('gz-supercomputing')).toMatchObject({ figures: { external: 0 } })
  expect(byId.get('gz-supercomputing')?.coreHours).toBeGreaterThan(0)
})
