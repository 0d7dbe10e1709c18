import { setTimeout as slowly } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { buildPage } from './built-page.ts'
import { type Browser, hasChromium, openChromium } from './chromium.ts'
import { type FixtureServer, fixtureNow, startFixture } from './fixture-server.ts'
import { createFleet } from './simulated-fleet.ts'
import { watch } from './watched-page.ts'

const addresses = ['/', '/i/gz-gibh/sem-01', '/fleet', '/reconciliation', '/assessment', '/quality', '/setup']

describe.skipIf(!hasChromium())('when something is wrong, the page says what and stays usable', () => {
  let browser: Browser
  let server: FixtureServer
  beforeAll(async () => {
    server = await startFixture(buildPage().root)
    browser = await openChromium()
  })
  beforeEach(() => {
    Object.assign(server.mood, {
      fleet: createFleet(16, fixtureNow),
      fail: 0,
      late: true,
      noEvidence: false,
    })
  })
  afterEach(() => browser.closePages())
  afterAll(async () => {
    await browser.close()
    await server.close()
  })

  const open = async (address: string, tolerate = /the server responded with a status of/) => {
    const watched = await watch(browser.context, server.url, tolerate)
    watched.page.setDefaultTimeout(5_000)
    await watched.page.goto(server.url + address)
    return watched
  }

  it.each(addresses.filter((address) => address !== '/setup'))(
    '%s says that the server does not answer, and recovers',
    async (address) => {
      server.mood.fail = 503
      const { page, complaints, audit } = await open(address)
      await page.getByText('The server does not answer').first().waitFor()
      expect(await audit()).toEqual([])
      server.mood.fail = 0
      await page.getByRole('button', { name: 'Try again' }).first().click()
      await vi.waitFor(
        async () => expect(await page.locator('table, .timeline, .quota-number').count()).toBeGreaterThan(0),
        10_000,
      )
      expect(complaints).toEqual([])
    },
  )

  it.each(addresses.filter((address) => address !== '/setup'))(
    '%s says that one has to sign in',
    async (address) => {
      server.mood.fail = 401
      const { page } = await open(address)
      await page.getByRole('heading', { name: 'Sign in', exact: true }).waitFor()
    },
  )

  it.each(addresses)(
    '%s stays usable while the server takes its time, and then has everything',
    async (address) => {
      const watched = await watch(browser.context, server.url)
      const { page, complaints } = watched
      page.setDefaultTimeout(15_000)
      await page.route('**/api/v1/**', async (route) => {
        await slowly(250)
        await route.continue()
      })
      await page.goto(server.url + address)
      const quality = page.getByRole('link', { name: 'Quality' })
      await quality.waitFor({ timeout: 1_000 })
      await watched.settled()
      expect(await page.locator('main h1').count()).toBe(1)
      expect(await page.locator('.notice.bad').count()).toBe(0)
      await quality.click()
      await page.getByRole('heading', { name: 'Quality and gateways' }).waitFor()
      expect(complaints).toEqual([])
    },
  )

  it.each(['/reconciliation', '/assessment'])(
    '%s says honestly that this server does not offer it yet',
    async (address) => {
      server.mood.late = false
      const { page, complaints } = await open(address)
      await page.getByText('Not available on this server').first().waitFor()
      expect(complaints).toEqual([])
    },
  )

  it('shows a fleet without figures from evidence alone, and an instrument without sessions', async () => {
    server.mood.late = false
    const { page } = await open('/fleet')
    await page.getByText('Shown are hours from evidence alone').waitFor()
    expect(await page.locator('.rank li').count()).toBe(16)
    await page.goto(`${server.url}/i/gz-gibh/sem-01`)
    await page.getByText('Bookings and sessions are not available on this server.').waitFor()
  })

  it('tells an empty fleet from a filter that fits nothing', async () => {
    server.mood.fleet = createFleet(0, fixtureNow)
    const { page } = await open('/')
    await page.getByText('No instrument is enrolled yet.').waitFor()
    server.mood.fleet = createFleet(16, fixtureNow)
    await page.goto(`${server.url}/?q=zzz`)
    await page.getByRole('heading', { name: 'No instrument fits.' }).waitFor()
    await page.getByRole('button', { name: 'Clear filters' }).click()
    await page.locator('.fleet tbody tr').first().waitFor()
  })

  it('knows no such instrument, whatever its id looks like', async () => {
    for (const id of [
      '/i/nowhere/sem-99',
      '/i/%3Cscript%3E/%22%27%F0%9F%92%A3',
      '/i/a%2Fb/c',
      '/i/%zz/x',
      '/i/',
    ]) {
      const { page, complaints } = await open(id)
      await page.getByText('There is no such instrument').waitFor()
      expect(complaints).toEqual([])
      await page.close()
    }
    const { page } = await open('/nothing-here')
    await page.getByText('There is no such view').waitFor()
  })

  it('draws an instrument without any evidence as unknown, and a 300-character name', async () => {
    server.mood.noEvidence = true
    const { page, complaints } = await open('/i/gz-scut/ms-02')
    await page.getByText('No power was recorded in this period.').waitFor()
    await page.getByText('Nobody is named around this time').waitFor()
    expect((await page.locator('h1').innerText()).length).toBeGreaterThan(250)
    await page.locator('.timeline path[fill="url(#state-unknown)"]').waitFor()
    const wide = await page.evaluate(
      'document.documentElement.scrollWidth > document.documentElement.clientWidth',
    )
    expect(wide).toBe(false)
    expect(complaints).toEqual([])
  })

  it('shows what it does not understand as a fault of the view, not a blank page', async () => {
    const { page } = await open('/', /./)
    await page.route('**/api/v1/instruments?**', (route) => route.fulfill({ json: { nonsense: true } }))
    await page.goto(server.url)
    await page.getByText('This view could not be shown').waitFor()
    await page.unroute('**/api/v1/instruments?**')
    await page.getByRole('link', { name: 'Quality' }).click()
    await page.getByRole('heading', { name: 'Quality and gateways' }).waitFor()
  })
})
