import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createDevicePublisher, createPlugBroker } from '@hours/firmware-sim'
import { DAY } from '@hours/protocol'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { sendToSite } from '../../cli/site-request.ts'

const root = resolve(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'hours-set-up-'))
const data = join(folder, 'site')
const env = { ...process.env, INIT_CWD: folder, HOURS_DATA: data, HOURS_LOG: 'silent' }
const running: ChildProcess[] = []
const patient = { timeout: 60_000, interval: 100 }

function hours(...args: string[]) {
  const ran = spawnSync(process.execPath, ['hours.ts', ...args], { cwd: root, env, encoding: 'utf8' })
  return { code: ran.status, out: ran.stdout, error: ran.stderr }
}
function start(...args: string[]) {
  const child = spawn(process.execPath, ['hours.ts', ...args], { cwd: root, env })
  running.push(child)
  const said = { text: '' }
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said.text += text))
  return { child, said }
}
async function end(child: ChildProcess): Promise<number | null> {
  const closed = once(child, 'close')
  child.kill('SIGTERM')
  await closed
  return child.exitCode
}
const civilDate = (at: number) => new Date(at).toISOString().slice(0, 10)
const file = (name: string, ...lines: string[]) => {
  writeFileSync(join(folder, name), lines.join('\n'))
  return name
}

/** What docs/operating.md walks an engineer through, on a real site: nothing here writes into the log but its own doors. */
describe('a site from nothing to a figure', () => {
  let page = ''
  let ca = ''
  let key = ''
  const ask = (path: string, body?: object) =>
    sendToSite(`${page}/api/v1/${path}`, {
      ca,
      bytes: body && Buffer.from(JSON.stringify(body)),
      ...(key === '' ? {} : { key }),
    })
  const register = (name: string, ...more: string[]) =>
    hours('register', name, '--url', page, '--ca', join(data, 'ca', 'ca.pem'), '--key', key, ...more)

  beforeAll(async () => {
    expect(hours('init', '--name', 'hours.set-up.test').code).toBe(0)
    const { said } = start('serve', '--tls', 'auto', '--http', '0', '--mqtt', '0')
    await vi.waitFor(() => expect(said.text).toMatch(/login .*welcome[^]*mqtts:\S+\n/), patient)
    page = /page\s+(https:\S+?)\/\n/.exec(said.text)?.[1] ?? ''
    ca = readFileSync(join(data, 'ca', 'ca.pem'), 'utf8')
    const token = /welcome#(\S+)/.exec(said.text)?.[1] ?? ''
    expect((await ask('welcome', { token, password: 'correct horse battery' })).status).toBe(200)
    key = hours(
      'account',
      'key',
      'operator',
      '--label',
      'set-up',
      '--scopes',
      'read,operate,admin',
    ).out.trim()
  }, 90_000)
  afterAll(async () => {
    await Promise.all(running.filter((one) => one.exitCode === null && one.signalCode === null).map(end))
    rmSync(folder, { recursive: true, force: true })
  })

  it('is told its organisations, instruments and opening hours from files, each tried first', async () => {
    expect(((await ask('instruments')).body as { total: number }).total).toBe(0)
    const organisations = file(
      'organisations.csv',
      'id,parent,kind,name,name zh,zone',
      'gibh,,entity,Guangzhou Institutes of Biomedicine and Health,广州生物院,Asia/Shanghai',
      'gibh-em,gibh,unit,Electron microscopy,电镜平台,',
    )
    const instruments = file(
      'instruments.csv',
      'site,instrument,gateway,unit,name,name zh,kind,yuan,in service,model,must open,bookable,source,topic,on start W,on stop W,run start W,run stop W,dwell s,max gap s',
      'gz-gibh,sem-01,gw-7,gibh-em,SEM,扫描电镜,sem,3200000,2019-05-01,SEM 3200,yes,yes,tasmota,pow1,20,12,400,320,0,2',
    )
    const all = '00:00-24:00'
    const opening = file(
      'hours.csv',
      'instrument,mon,tue,wed,thu,fri,sat,sun,from',
      `gz-gibh/*,${Array(7).fill(all).join(',')},${civilDate(Date.now() - DAY)}`,
    )
    // Nothing is there yet that an instrument could hang on, and the dry run says so.
    const early = register(instruments, '--dry-run')
    expect([early.code, early.out]).toEqual([
      1,
      expect.stringContaining('unit "gibh-em": nobody knows') as string,
    ])
    for (const name of [organisations, instruments, opening]) {
      const tried = register(name, '--dry-run')
      expect([tried.code, tried.out, tried.error]).toEqual([
        ...[0, expect.stringContaining('0 refused (dry run: nothing was written)') as string, ''],
      ])
      const done = register(name)
      expect(done.out).toContain('0 refused')
    }
    const again = register(instruments)
    expect(again.out).toContain('0 new, 1 there already')
    expect(again.out).toContain(
      "gateway gw-7: configuration 1; no device yet; on the site's machine: hours enrol --site gz-gibh --gateway gw-7",
    )
  })

  it('lets the gateway in by its code, with a file that names everything, and has its pages', async () => {
    const made = hours('enrol', '--site', 'gz-gibh', '--gateway', 'gw-7')
    const [, code = '', pin = ''] = /--code (\S+) --pin (\S+)/.exec(made.out) ?? []
    const plugs = await createPlugBroker()
    const who = ['--code', code, '--gateway', 'gw-7', '--pin', pin]
    const where = ['--data', 'device', '--local', plugs.url, '--out', 'gateway.yaml']
    const enrolled = hours('gateway', 'enrol', '--url', page, ...who, ...where)
    expect([enrolled.code, enrolled.error]).toEqual([0, ''])
    const yaml = join(folder, 'gateway.yaml')
    expect(readFileSync(yaml, 'utf8')).toMatch(/url: "mqtts:[^]*- id: "sem-01"\n {4}source: .*pow1/)
    // Nobody vouches for the clock of a machine that tests run on.
    appendFileSync(yaml, 'clock: sim\n')

    const publisher = await createDevicePublisher(plugs.url)
    const reading = { topic: 'tele/pow1/SENSOR', payload: '{"ENERGY":{"Power":1150}}', at: 0 }
    const plug = setInterval(() => void publisher.publish([reading]), 200)
    try {
      const first = start('gateway', '--config', 'gateway.yaml')
      await vi.waitFor(async () => {
        const body = (await ask('instruments/gz-gibh/sem-01')).body as { state: string; since: number }
        expect([body.state, first.said.text]).toEqual(['run', expect.any(String)])
        // Longer than the longest gap between readings: so much is final.
        expect(Date.now() - body.since).toBeGreaterThan(6_000)
      }, patient)
      // A stop closes the page that is open; the next start sends what has no receipt yet.
      expect(await end(first.child)).toBe(0)
      const second = start('gateway', '--config', 'gateway.yaml')
      await vi.waitFor(async () => {
        expect(second.said.text).toContain('Ctrl-C ends')
        const body = (await ask('gateways')).body as { items: { received: number }[] }
        expect(body.items).toMatchObject([{ gateway: 'gw-7', revision: 1, epoch: 0, rejected: 0 }])
        expect(body.items[0]?.received).toBeGreaterThan(0)
      }, patient)
      expect(await end(second.child)).toBe(0)
    } finally {
      clearInterval(plug)
      await publisher.close()
      await plugs.close()
    }
  })

  it('has a figure of the use of its opening hours, and everything that was told stands in log and audit', async () => {
    const period = `${civilDate(Date.now() - DAY)}..${civilDate(Date.now() + 2 * DAY)}`
    interface Line {
      kpi: string
      value: number | null
      upper: number | null
      denominator: string | null
    }
    const body = (await ask(`figures?scope=gz-gibh/sem-01&period=${period}`)).body as { figures: Line[] }
    const of = (kpi: string) => body.figures.find((one) => one.kpi === kpi)
    const run = of('run')?.value ?? 0
    expect(run).toBeGreaterThan(0)
    expect(of('utilSchedule')).toMatchObject({ denominator: 'schedule' })
    expect(of('utilSchedule')?.value).toBeCloseTo(run / (of('enrolled')?.value ?? 0), 6)
    const history = (await ask('instruments/gz-gibh/sem-01/enrolments')).body as { items: object[] }
    expect(history.items).toMatchObject([
      { unit: 'gibh-em', inService: '2019-05-01', model: 'SEM 3200', mustOpen: true, actor: 'operator' },
    ])
    const audit = (await ask('audit')).body as { items: { actor: string; action: string; target: string }[] }
    expect(audit.items).toContainEqual(
      expect.objectContaining({
        ...{ actor: 'operator', action: 'POST /api/v1/registry/imports', target: 'instrument' },
      }),
    )
  })
})
