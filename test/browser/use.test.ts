import { readFile } from 'node:fs/promises'
import { describe, expect, it, vi } from 'vitest'
import { GatewayConfig } from '@hours/protocol'
import { hasChromium } from './chromium.ts'
import { fixtureNow } from './fixture-server.ts'
import { fixtureSite } from './fixture-site.ts'
import { useOf } from './fixture-use.ts'
import { totals } from './simulated-fleet.ts'
import { watch } from './watched-page.ts'

describe.skipIf(!hasChromium())('the page in use', () => {
  const site = fixtureSite()

  const open = async (address: string) => {
    const watched = await watch(site.browser.context, site.server.url)
    watched.page.setDefaultTimeout(5_000)
    await watched.page.goto(site.server.url + address)
    await watched.settled()
    return watched
  }

  it('shows the figures of the API, to the decimal', async () => {
    const { page } = await open('/')
    const row = page.locator('.fleet tbody tr', { hasText: 'gz-gibh/sem-01' })
    const { month } = site.server.mood.fleet.summary(0)
    const text = await row.locator('td.num').allInnerTexts()
    const tenth = (ms: number) => (ms / 3_600_000).toFixed(1)
    expect(text.map((one) => one.replaceAll('\u00a0', ' '))).toEqual([
      tenth(month.on),
      tenth(month.run),
      `${((month.utilCalendar ?? 0) * 100).toFixed(2)} %`,
      `${((month.coverage ?? 0) * 100).toFixed(2)} %`,
    ])
  })

  it('takes a live event into the table without asking again', async () => {
    const { page } = await open('/')
    const row = page.locator('.fleet tbody tr', { hasText: 'gz-gibh/sem-01' })
    site.server.asked()
    site.server.tell({
      key: 'gz-gibh/sem-01',
      state: 'fault',
      since: fixtureNow,
      at: fixtureNow + 1_000,
      mw: 5_000,
    })
    await row.getByText('fault').waitFor()
    expect(site.server.asked().filter((one) => one.startsWith('/api/v1/instruments'))).toEqual([])
  })

  it('filters on the server and keeps the filter in the address', async () => {
    const { page } = await open('/')
    await page.locator('.filters select').first().selectOption('run')
    await page.waitForURL(/state=run/)
    await vi.waitFor(async () => {
      const states = await page.locator('.fleet tbody .now-state .state').allInnerTexts()
      expect(new Set(states)).toEqual(new Set(['running']))
    }, 10_000)
    expect(site.server.asked().some((one) => one.includes('state=run'))).toBe(true)
  })

  it('moves and zooms the timeline by keyboard alone', async () => {
    const { page } = await open('/i/gz-gibh/sem-01')
    const timeline = page.locator('.timeline')
    await timeline.focus()
    await page.keyboard.press('3')
    await page.waitForURL(/length=604800000/)
    await page.keyboard.press('ArrowLeft')
    await page.waitForURL(/from=\d+&to=\d+/)
    await page.keyboard.press('Home')
    await page.waitForURL((url) => !url.searchParams.has('from'))
  })

  it('gives the chart as a table and as a file, with the spans, bookings and sessions of the API', async () => {
    const from = fixtureNow - 3 * 86_400_000
    const { page } = await open(`/i/gz-gibh/sem-01?from=${from}&to=${fixtureNow}`)
    const spans = site.server.mood.fleet.spans(0, from, fixtureNow)
    const use = useOf(site.server.mood.fleet, 0, from, fixtureNow)
    const figure = page.locator('figure', { hasText: 'What it did' })
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      figure.getByRole('button', { name: 'CSV' }).click(),
    ])
    const [head = '', ...lines] = (await readFile(await download.path(), 'utf8'))
      .replace('\uFEFF', '')
      .trimEnd()
      .split('\r\n')
    const sum = { ...totals([]) }
    const counts: Record<string, number> = {}
    for (const line of lines) {
      const [kind = '', , , ms = ''] = line.split(',')
      if (kind in sum) sum[kind as keyof typeof sum] += Number(ms)
      else counts[kind] = (counts[kind] ?? 0) + 1
    }
    expect(head).toBe('kind,from_utc,to_utc,ms,user,beneficiary')
    expect(sum).toEqual(totals(spans))
    expect(counts).toEqual({
      booking: use.bookings.length,
      session: use.sessions.length,
      ...Object.fromEntries(
        Object.entries(Object.groupBy(use.findings, ({ kind }) => kind)).map(([kind, list]) => [
          kind,
          list?.length,
        ]),
      ),
    })
    await figure.getByRole('button', { name: 'Table' }).click()
    expect(await figure.locator('tbody tr').count()).toBe(lines.length)
  })

  it('shows each thing that does not match with its word, and leads from it to its list', async () => {
    const week = { from: fixtureNow - 7 * 86_400_000, to: fixtureNow }
    const { page } = await open(`/i/gz-gibh/sem-01?from=${week.from}&to=${week.to}`)
    const { findings } = useOf(site.server.mood.fleet, 0, week.from, week.to)
    const kinds = Object.keys(Object.groupBy(findings, ({ kind }) => kind))
    expect(kinds.length).toBeGreaterThan(1)
    const links = page.locator('.findings a')
    expect(await links.count()).toBe(kinds.length)
    for (const kind of await page.locator('.finding text').evaluateAll(kindsOf)) expect(kinds).toContain(kind)
    await links.filter({ hasText: 'Overrun' }).click()
    await page.waitForURL(
      /\/reconciliation\?scope=gz-gibh%2Fsem-01&period=2026-11-16..2026-11-24&kind=overrun/,
    )
  })

  it('has one instant at one place in the timeline and in the power plot, and reads both there', async () => {
    const to = fixtureNow - (fixtureNow % 3_600_000)
    const { page } = await open(`/i/gz-gibh/sem-01?from=${to - 24 * 3_600_000}&to=${to}`)
    await page.locator('.trace canvas').waitFor()
    const timeline = await page.locator('.timeline').boundingBox()
    const plot = await page.locator('.trace .u-over').boundingBox()
    if (!timeline || !plot) throw new Error('one of the charts is not drawn')
    expect(plot.x + plot.width).toBeCloseTo(timeline.x + timeline.width, 0)
    await page.mouse.move(plot.x + plot.width / 2, plot.y + 60)
    const marks = page.locator('.timeline .mark, .trace .mark')
    // A line has no width, which counts as hidden.
    await marks.nth(1).waitFor({ state: 'attached' })
    for (const x of await marks.evaluateAll(leftsOf)) expect(x).toBeCloseTo(plot.x + plot.width / 2, 0)
    // Half of the day that ends at 16:00 in Shanghai.
    for (const readout of await page.locator('.readout').all())
      expect(await readout.innerText()).toContain('04:00')
    await page.mouse.down()
    await page.mouse.move(plot.x + plot.width / 2 + plot.width / 4, plot.y + 60, { steps: 3 })
    await page.mouse.up()
    await page.waitForURL((url) => {
      const from = Number(url.searchParams.get('from'))
      return Math.abs(from - (to - 30 * 3_600_000)) < 600_000
    })
  })

  it('is zoomed by two fingers and read by a tap', async () => {
    const to = fixtureNow - 86_400_000
    const { page } = await open(`/i/gz-gibh/sem-01?from=${to - 86_400_000}&to=${to}`)
    const box = await page.locator('.timeline').boundingBox()
    if (!box) throw new Error('the timeline is not drawn')
    const touch = await site.browser.context.newCDPSession(page)
    const y = box.y + 30
    const middle = box.x + box.width / 2
    const fingers = (type: 'touchStart' | 'touchMove' | 'touchEnd', ...places: number[]) =>
      touch.send('Input.dispatchTouchEvent', { type, touchPoints: places.map((x, id) => ({ x, y, id })) })
    await fingers('touchStart', middle)
    await fingers('touchEnd')
    await page.locator('.timeline .mark').waitFor({ state: 'attached' })
    expect(await page.locator('.readout').first().innerText()).toMatch(/running|standby|off/)
    await fingers('touchStart', middle - 50, middle + 50)
    await fingers('touchMove', middle - 150, middle + 150)
    await page.waitForURL((url) => {
      const { from, length } = windowIn(url)
      return length < 0.36 * 86_400_000 && from > to - 86_400_000 && from + length < to
    })
    await fingers('touchEnd')
    await touch.detach()
  })

  it('compares every figure of the fleet with the same days of another period', async () => {
    const { page } = await open('/fleet?period=2026-11&compare=2026-10')
    const compared = page.locator('.figure', { hasText: 'October 2026' })
    // Powered, run, effective and external hours, sharing rate, three utilizations, coverage.
    await compared.nth(8).waitFor()
    expect(await compared.count()).toBe(9)
    expect(site.server.asked().filter((one) => one.startsWith('/api/v1/figures'))).toContain(
      '/api/v1/figures?scope=all&period=2026-10-01..2026-10-24',
    )
  })

  it('makes a gateway file that the gateway accepts, with thresholds moved by key', async () => {
    const { page } = await open('/setup')
    for (const [label, value] of [
      ['Site id', 'gz-gibh'],
      ['Gateway id', 'gw-9'],
      ['Broker address', 'mqtts://hours.example.edu:8883'],
      ['Instrument id', 'sem-09'],
      ['Topic', 'pow9'],
    ] as const)
      await page.getByLabel(label, { exact: false }).first().fill(value)
    await page.getByRole('slider', { name: 'run above' }).focus()
    await page.keyboard.press('PageUp')
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download gateway.yaml' }).click(),
    ])
    const { parse } = (await import('yaml')) as { parse: (text: string) => unknown }
    const config = GatewayConfig.parse(parse(await readFile(await download.path(), 'utf8')))
    expect(config.instruments[0]?.thresholds.runStartMw).toBe(480_000)
    expect(config.instruments[0]?.source).toMatchObject({ kind: 'tasmota', topic: 'pow9' })
  })

  it('shows the fate of each row before anything is imported', async () => {
    const { page } = await open('/setup')
    await page
      .locator('input[type=file]')
      .setInputFiles({ name: 'sessions.csv', mimeType: 'text/csv', buffer: Buffer.from('a,b\n1,2\n') })
    await page.getByRole('button', { name: 'Dry run' }).click()
    await page.getByText('it is before from').waitFor()
    await page.getByText('swap from and to').waitFor()
    await page.getByRole('button', { name: 'Import 2 rows' }).click()
    await page.getByText('2 rows were imported.').waitFor()
  })
})

/** In the page, which this file's types know nothing of. */
const leftsOf = (lines: readonly unknown[]) =>
  (lines as { getBoundingClientRect(): { left: number } }[]).map((one) => one.getBoundingClientRect().left)
const kindsOf = (words: readonly unknown[]) =>
  (words as { getAttribute(name: string): string | null }[]).map((one) => one.getAttribute('data-kind'))

function windowIn(url: URL): { from: number; length: number } {
  const [from, to] = ['from', 'to'].map((name) => Number(url.searchParams.get(name)))
  return { from: from ?? 0, length: (to ?? 0) - (from ?? 0) }
}
