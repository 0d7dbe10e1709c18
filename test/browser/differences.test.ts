import { describe, expect, it } from 'vitest'
import { hasChromium } from './chromium.ts'
import { fixtureSite } from './fixture-site.ts'
import { watch } from './watched-page.ts'

describe.skipIf(!hasChromium())('the reconciliation view', () => {
  const site = fixtureSite()

  it('begins with the current month of everything, and goes to an organisation', async () => {
    const { page, settled } = await watch(site.browser.context, site.server.url)
    await page.goto(`${site.server.url}/reconciliation`)
    await settled()
    const asked = () => site.server.asked().filter((one) => one.startsWith('/api/v1/reconciliation'))
    expect(asked().at(-1)).toContain('scope=all&period=2026-11&')
    await page.getByLabel('Scope').selectOption({ label: '\u2003College of materials' })
    await page.waitForURL(/scope=org%3Ascut/)
    await settled()
    expect(asked().at(-1)).toContain('scope=org%3Ascut')
  })

  it('leads from each count to its list, and back to all', async () => {
    const { page, settled } = await watch(site.browser.context, site.server.url)
    await page.goto(`${site.server.url}/reconciliation`)
    await settled()
    const kinds = page.getByRole('navigation', { name: 'Kind' })
    const rows = page.getByRole('region', { name: 'Reconciliation' }).locator('tbody tr')
    const all = await rows.count()
    const link = kinds.getByRole('link', { name: /No-show$/ })
    const wanted = Number((await link.innerText()).split(/\s/)[0])
    await link.click()
    await page.waitForURL(/kind=no_show/)
    await rows.nth(wanted).waitFor({ state: 'detached' })
    expect(new Set(await rows.locator('th').allInnerTexts())).toEqual(new Set(['No-show']))
    expect(await rows.count()).toBe(wanted)
    await kinds.getByRole('link', { name: 'all kinds' }).click()
    await rows.nth(all - 1).waitFor()
  })

  it('says what the server says can be done when too much is asked for', async () => {
    const { page } = await watch(site.browser.context, site.server.url, /400/)
    await page.route('**/api/v1/reconciliation?*', (route) =>
      route.fulfill({
        status: 400,
        contentType: 'application/problem+json',
        body: JSON.stringify({
          title: 'too much to compare at once',
          value: '28 instruments x 333 days',
          fix: 'at most 9000 instrument-days: a shorter period or a smaller scope',
        }),
      }),
    )
    await page.goto(`${site.server.url}/reconciliation?period=2026`)
    await page.getByText('too much to compare at once: 28 instruments x 333 days').waitFor()
    await page.getByText('a shorter period or a smaller scope').waitFor()
  })
  it('is as good as what is known: the longest gaps stand under Quality, with reason and way to the timeline', async () => {
    const { page, settled } = await watch(site.browser.context, site.server.url)
    await page.goto(`${site.server.url}/quality`)
    await settled()
    const rows = page.getByRole('region', { name: 'Longest gaps, this month' }).locator('tbody tr')
    const [longest, other] = await rows.allInnerTexts()
    expect(longest).toMatch(/5\sh 0\smin\s.*the source was silent/s)
    expect(other).toMatch(/47\smin\s.*no page/s)
    const now = site.server.mood.fleet.now
    const from = now - 600 * 60_000 - 2 * 3_600_000
    const link = rows.first().getByRole('link')
    expect(await link.getAttribute('href')).toMatch(new RegExp(`^/i/.*\\?from=${from}&to=`))
  })
})
