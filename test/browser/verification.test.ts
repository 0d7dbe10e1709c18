import { describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { hasChromium } from './chromium.ts'
import type { Tamper } from './fixture-evidence.ts'
import { fixtureSite } from './fixture-site.ts'
import { watch } from './watched-page.ts'

describe.skipIf(!hasChromium())('a day is verified in the browser, with WebCrypto and the ledger', () => {
  const site = fixtureSite()

  async function verify(tamper: Tamper): Promise<Page> {
    site.server.mood.tamper = tamper
    const { page, complaints } = await watch(site.browser.context, site.server.url)
    await page.goto(`${site.server.url}/i/gz-gibh/sem-01?day=2026-11-20`)
    await page.getByRole('button', { name: 'Verify this day' }).click()
    await page.waitForSelector('[data-verdict]')
    expect(complaints).toEqual([])
    return page
  }

  /** Names of the checks that failed. */
  async function failed(page: Page): Promise<(string | null)[]> {
    const items = await page.locator('.checks li.bad').all()
    return Promise.all(items.map((item) => item.getAttribute('data-check')))
  }

  it('says that everything holds for the pages as they were signed, and what was compared', async () => {
    const start = performance.now()
    const page = await verify('none')
    console.log(
      `browser: 288 pages verified and shown in ${Math.round(performance.now() - start)} ms (with loading)`,
    )
    expect(await page.locator('[data-verdict]').getAttribute('data-verdict')).toBe('ok')
    expect(await page.locator('.checks li').count()).toBe(9)
    expect(await page.locator('[data-check=signatures]').innerText()).toContain('288 / 288')
    expect(await page.locator('[data-check=chain]').innerText()).toContain('287 / 287')
    expect(await page.locator('[data-check=inclusion]').innerText()).toContain('demo.example.org/hours/2026')
  })

  it.each([
    ['page', ['signatures', 'inclusion', 'chain', 'hours']],
    ['proof', ['inclusion']],
    ['checkpoint', ['logSignature', 'inclusion']],
    ['hours', ['hours']],
    ['chain', ['identity']],
  ] as const)('fails visibly when the %s was changed afterwards', async (tamper, checks) => {
    const page = await verify(tamper)
    expect(await page.locator('[data-verdict]').getAttribute('data-verdict')).toBe('bad')
    expect(await page.locator('.verdict').innerText()).toBe('This day does not verify')
    const names = await failed(page)
    expect(names.length).toBeGreaterThan(0)
    for (const name of names) expect(checks).toContain(name)
    expect(names).toContain(checks[0])
  })

  it('says that all is unknown when no page covers the day', async () => {
    site.server.mood.noEvidence = true
    const { page } = await watch(site.browser.context, site.server.url)
    await page.goto(`${site.server.url}/i/gz-gibh/sem-01?day=2026-11-20`)
    await page.getByText('No page covers this day: all of it is unknown.').waitFor()
    expect(await page.getByRole('button', { name: 'Verify this day' }).isDisabled()).toBe(true)
    site.server.mood.noEvidence = false
  })
})
