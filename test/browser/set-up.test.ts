import { readFile } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { buildPage } from './built-page.ts'
import { type Browser, hasChromium, openChromium } from './chromium.ts'
import { type FixtureServer, startFixture } from './fixture-server.ts'
import { watch } from './watched-page.ts'

/** As Excel in China saves it: `仪器,开始` in GB18030. */
const old = Buffer.from([0xd2, 0xc7, 0xc6, 0xf7, 0x2c, 0xbf, 0xaa, 0xca, 0xbc, 0x0a, 0x31, 0x2c, 0x32, 0x0a])

describe.skipIf(!hasChromium())('the set-up view', () => {
  let browser: Browser
  let server: FixtureServer
  beforeAll(async () => {
    server = await startFixture(buildPage().root)
    browser = await openChromium()
  })
  afterEach(async () => {
    await browser.closePages()
    await browser.context.clearCookies()
  })
  afterAll(async () => {
    await browser.close()
    await server.close()
  })

  const open = async (address: string, tolerate?: RegExp) => {
    const watched = await watch(browser.context, server.url, tolerate)
    watched.page.setDefaultTimeout(8_000)
    await watched.page.goto(server.url + address)
    await watched.settled()
    return watched.page
  }

  it('says how many fields are empty and goes to the first', async () => {
    const page = await open('/setup')
    expect(await page.locator('[aria-invalid=true]').count()).toBe(0)
    await page.getByLabel('Site id').fill('gz-gibh')
    await page.getByRole('button', { name: 'Download gateway.yaml' }).click()
    await page.getByText('4 fields are still to be filled in or mended.').waitFor()
    const focused = 'document.activeElement.closest("label").firstChild.textContent'
    expect(await page.evaluate<string>(focused)).toBe('Gateway id')
    expect(await page.getByText('must not be empty').count()).toBe(3)
  })

  it('enrols an instrument, puts its first levels in force, and shows the command for the device', async () => {
    const page = await open('/setup', /404/)
    const sent: [string, unknown][] = []
    const answers: Readonly<Record<string, object>> = {
      '/api/v1/instruments': {},
      '/api/v1/enrol/codes': { code: 'ABCD-EFGH', pin: 'f00d' },
      '/api/v1/instruments/gz-new/sem-09/settings': { revision: 0, settings: null, waiting: null },
    }
    await page.route(/\/api\/v1\/(instruments$|instruments\/gz-new|enrol\/codes)/, (route) => {
      const request = route.request()
      const path = new URL(request.url()).pathname
      if (request.method() === 'POST') sent.push([path, request.postDataJSON()])
      return route.fulfill({ json: answers[path] ?? {} })
    })
    for (const [label, value] of [
      ['Site id', 'gz-new'],
      ['Gateway id', 'gw-9'],
      ['Instrument id', 'sem-09'],
      ['Topic', 'pow9'],
      ['Name in Chinese', '扫描电镜'],
    ] as const)
      await page.getByLabel(label).fill(value)
    await page.getByLabel('Unit that manages it').selectOption('scut')
    await page.getByRole('button', { name: 'Enrol it' }).click()
    await page.getByText('gz-new/sem-09 is enrolled').waitFor()
    expect(await page.locator('.notice pre').innerText()).toContain(
      `gateway enrol --url ${server.url} --code ABCD-EFGH --gateway gw-9`,
    )
    expect(sent).toEqual([
      [
        '/api/v1/instruments',
        { site: 'gz-new', gateway: 'gw-9', instrument: 'sem-09', unit: 'scut', names: { zh: '扫描电镜' } },
      ],
      [
        '/api/v1/instruments/gz-new/sem-09/settings',
        {
          thresholds: { onStartMw: 20_000, onStopMw: 12_000, runStartMw: 400_000, runStopMw: 320_000 },
          ...{ dwellMs: 30_000, revision: 0, source: { kind: 'tasmota', topic: 'pow9' } },
        },
      ],
      ['/api/v1/enrol/codes', { site: 'gz-new', gateway: 'gw-9' }],
    ])
  })

  it('sends the bytes of a file as they are, and says how they are to be read', async () => {
    const page = await open('/setup')
    const sent: { bytes: Buffer | null; url: string }[] = []
    await page.route('**/api/v1/imports?*', (route) => {
      sent.push({ bytes: route.request().postDataBuffer(), url: route.request().url() })
      return route.continue()
    })
    await page
      .locator('input[type=file]')
      .setInputFiles({ name: '预约.csv', mimeType: 'text/csv', buffer: old })
    await page.getByText('read as GB18030').waitFor()
    await page.getByLabel('What its rows are').selectOption('bookings')
    await page.getByRole('button', { name: 'Dry run' }).click()
    await page.getByText('swap from and to').waitFor()
    expect(sent[0]?.bytes?.equals(old)).toBe(true)
    expect(sent[0]?.url).toContain('dryRun=1&charset=gb18030&kind=booking')
  })

  it('shows what is to be corrected first, and gives it as a file', async () => {
    const page = await open('/setup')
    await page
      .locator('input[type=file]')
      .setInputFiles({ name: 'sessions.csv', mimeType: 'text/csv', buffer: Buffer.from('a,b\n1,2\n') })
    await page.getByRole('button', { name: 'Dry run' }).click()
    const rows = page.getByRole('region', { name: 'Dry run' }).locator('tbody tr')
    expect(await rows.first().innerText()).toContain('refused')
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: /to correct/ }).click(),
    ])
    const text = await readFile(await file.path(), 'utf8')
    expect(text).toContain('swap from and to')
    expect(text).not.toContain('accepted')
  })

  it('offers nothing that changes anything to who may only read, and says so', async () => {
    await browser.context.addCookies([
      { name: '__Host-hours-csrf', value: 'x', url: server.url.replace('http:', 'https:'), secure: true },
    ])
    const watched = await watch(browser.context, server.url)
    await watched.page.route('**/api/v1/me', (route) =>
      route.fulfill({
        json: { account: 'wei', name: 'Wei', role: 'regulator', rights: ['public', 'read', 'evidence'] },
      }),
    )
    await watched.page.goto(`${server.url}/setup`)
    await watched.page.getByText('regulator, read only').waitFor()
    await watched.page.getByText('You may read this site, and change nothing.').waitFor()
    expect(await watched.page.getByRole('link', { name: 'Set-up' }).count()).toBe(0)
    expect(await watched.page.locator('input[type=file]').count()).toBe(0)
    expect(await watched.page.getByRole('button', { name: /Enrol it|in force/ }).count()).toBe(0)
  })
})
