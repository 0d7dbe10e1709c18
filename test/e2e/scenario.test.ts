import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { beforeAll, expect, it } from 'vitest'

interface Figure {
  readonly value: number | null
  readonly lower: number | null
  readonly upper: number | null
}
interface Beside {
  readonly what: string
  readonly says: string
  readonly figure?: Figure
  readonly kinds?: number
  readonly page?: { available: number; probed: number; incidents: { kind: string; owner: string }[] }
  readonly not?: string
}
interface Line {
  readonly id: string
  readonly figures: Readonly<Record<string, Figure>>
  readonly survey: readonly Beside[]
  readonly told: { readonly sessions: number; readonly beneficiaries: readonly string[] }
  readonly requests: { readonly allocations: number; readonly approved: number }
}

async function played(...flags: readonly string[]): Promise<Line[]> {
  const args = ['hours.ts', 'scenario', 'south-china', '--json', ...flags]
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1e7 })
  return JSON.parse(stdout) as Line[]
}

let lines: Line[]
beforeAll(async () => {
  lines = await played('--only', 'channels', '--days', '2')
})

it('plays two days of the channels, a holiday and a working day, through gateways, broker, log and index, and computes each of them', () => {
  const byId = new Map(lines.map((line) => [line.id, line]))
  expect(lines).toHaveLength(17)
  const valueOf = (line: Line | undefined, kpi: string) => line?.figures[kpi]?.value ?? Number.NaN
  const own = lines.filter(({ id }) => ['gdas', 'siat', 'scut', 'jnu', 'ihep', 'idsse'].includes(id))
  for (const line of own) {
    const { value, lower, upper } = line.figures['shareHours'] as Figure
    expect(lower).toBeLessThanOrEqual(value ?? Number.NaN)
    expect(value).toBeLessThanOrEqual(upper ?? Number.NaN)
    expect(valueOf(line, 'external')).toBeGreaterThan(0)
  }
  // Every instrument once, however many channels list it.
  const listing = ['yuekehui', 'ran-sheng', 'gz-service', 'shuangchuanghui', 'instrument-giant']
  const owners = lines.filter(({ id }) => id !== 'gd-province' && !listing.includes(id))
  const province = byId.get('gd-province')
  for (const kpi of ['sets', 'effective', 'external', 'samples'])
    expect([kpi, valueOf(province, kpi)]).toEqual([
      kpi,
      owners.reduce((sum, line) => sum + valueOf(line, kpi), 0),
    ])
  for (const id of listing) expect([id, valueOf(byId.get(id), 'sets')]).toEqual([id, expect.any(Number)])
  // Computing time stands apart from hours of sharing; who asks for it on paper has it approved.
  expect(valueOf(byId.get('gz-supercomputing'), 'external')).toBe(0)
  expect(valueOf(byId.get('gz-supercomputing'), 'coreMs')).toBeGreaterThan(0)
  const { allocations, approved } = byId.get('sysu-compute')?.requests ?? { allocations: 0, approved: 0 }
  expect(approved).toBe(allocations)
  expect(approved).toBeGreaterThan(0)
  expect(byId.get('gz-supercomputing')?.requests.approved).toBe(0)
  // Public money where the survey tells of it, beam time in shifts, a broker that benefits of nothing.
  expect(valueOf(province, 'voucherFen')).toBeGreaterThan(valueOf(province, 'subsidyFen'))
  expect(valueOf(province, 'subsidyFen')).toBeGreaterThan(0)
  expect(valueOf(byId.get('ihep'), 'shifts')).toBeGreaterThan(0)
  const agency = byId.get('instrument-giant')?.told
  expect(agency?.sessions).toBeGreaterThan(0)
  expect(agency?.beneficiaries).not.toContain('instrument-giant')
})

it('sets a figure beside each that the survey quotes, or says why there is none; a page without content is an incident', () => {
  const beside = (id: string, what: string) =>
    lines.find((line) => line.id === id)?.survey.find((one) => one.what === what)
  for (const { survey } of lines)
    for (const { figure, kinds, page, not } of survey)
      expect([figure, kinds, page, not].filter((one) => one !== undefined)).toHaveLength(1)
  expect(beside('gd-province', 'enterprises served')).toMatchObject({
    says: '14,000',
    figure: { unit: 'count' },
  })
  expect(beside('gdas', 'services')?.not).toMatch(/nothing that is measured/)
  expect(beside('jnu', 'kinds')?.kinds).toBe(6)
  expect(beside('scut', 'page')?.page).toMatchObject({ available: 1, incidents: [] })
  expect(beside('yuekehui', 'page')?.page).toMatchObject({
    available: 0,
    incidents: [{ owner: 'Guangdong science and technology infrastructure centre', to: null }],
  })
})
