import { readFile } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { GatewayConfig } from '@hours/protocol'
import { buildPage } from './built-page.ts'
import { type Browser, hasChromium, openChromium } from './chromium.ts'
import { type FixtureServer, fixtureNow, startFixture } from './fixture-server.ts'
import { totals } from './simulated-fleet.ts'
import { watch } from './watched-page.ts'

describe.skipIf(!hasChromium())('the page in use', () => {
  let browser: Browser
  let server: FixtureServer
  beforeAll(async () => {
    server = await startFixture(buildPage().root)
    browser = await openChromium()
  })
  afterEach(() => browser.closePages())
  afterAll(async () => {
    await browser.close()
    await server.close()
  })

  const open = async (address: string) => {
    const watched = await watch(browser.context, server.url)
    watched.page.setDefaultTimeout(5_000)
    await watched.page.goto(server.url + address)
    await watched.settled()
    return watched
  }

  it('shows the figures of the API, to the decimal', async () => {
    const { page } = await open('/')
    const row = page.locator('.fleet tbody tr', { hasText: 'gz-gibh/sem-01' })
    const { month } = server.mood.fleet.summary(0)
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
    server.asked()
    server.tell({
      key: 'gz-gibh/sem-01',
      state: 'fault',
      since: fixtureNow,
      at: fixtureNow + 1_000,
      mw: 5_000,
    })
    await row.getByText('fault').waitFor()
    expect(server.asked().filter((one) => one.startsWith('/api/v1/instruments'))).toEqual([])
  })

  it('filters on the server and keeps the filter in the address', async () => {
    const { page } = await open('/')
    await page.locator('.filters select').first().selectOption('run')
    await page.waitForURL(/state=run/)
    await vi.waitFor(async () => {
      const states = await page.locator('.fleet tbody .now-state .state').allInnerTexts()
      expect(new Set(states)).toEqual(new Set(['running']))
    }, 10_000)
    expect(server.asked().some((one) => one.includes('state=run'))).toBe(true)
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

  it('gives the chart as a table and as a file, both with the spans of the API', async () => {
    const { page } = await open(`/i/gz-gibh/sem-01?from=${fixtureNow - 86_400_000}&to=${fixtureNow}`)
    const spans = server.mood.fleet.spans(0, fixtureNow - 86_400_000, fixtureNow)
    const figure = page.locator('figure', { hasText: 'What it did' })
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      figure.getByRole('button', { name: 'CSV' }).click(),
    ])
    const lines = (await readFile(await download.path(), 'utf8')).replace('\uFEFF', '').split('\r\n').slice(1)
    const sum = { ...totals([]) }
    for (const line of lines) {
      const [state = '', , , ms = ''] = line.split(',')
      if (state in sum) sum[state as keyof typeof sum] += Number(ms)
    }
    expect(lines).toHaveLength(spans.length)
    expect(sum).toEqual(totals(spans))
    await figure.getByRole('button', { name: 'Table' }).click()
    expect(await figure.locator('tbody tr').count()).toBe(lines.length)
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
