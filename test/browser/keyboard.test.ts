import type { Page } from 'playwright-core'
import { describe, expect, it, vi } from 'vitest'
import { hasChromium } from './chromium.ts'
import { fixtureSite } from './fixture-site.ts'
import { watch } from './watched-page.ts'

/** What has the focus: its words, and whether a reader can see that it has it. */
interface Focus {
  readonly name: string
  readonly visible: boolean
}

const focusScript = `(() => {
  const one = document.activeElement ?? document.body
  const style = getComputedStyle(one)
  const inner = one.querySelector('line') ? getComputedStyle(one.querySelector('line')) : style
  const box = one.getBoundingClientRect()
  const ring = (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none'
    || parseFloat(inner.strokeWidth) > 2 || parseFloat(style.borderBottomWidth) > 1
  const inView = box.width > 0 && box.bottom > 0 && box.top < innerHeight
  const name = one.getAttribute('aria-label') ?? one.labels?.[0]?.innerText ?? one.textContent ?? ''
  return { name: one.tagName + ' ' + name.replace(/\\s+/g, ' ').trim().slice(0, 120), visible: ring && inView }
})()`

describe.skipIf(!hasChromium())('with the keyboard alone', () => {
  const site = fixtureSite()

  const open = async (address: string) => {
    const watched = await watch(site.browser.context, site.server.url)
    watched.page.setDefaultTimeout(5_000)
    await watched.page.goto(site.server.url + address)
    await watched.settled()
    return watched
  }
  const focus = (page: Page) => page.evaluate<Focus>(focusScript)

  /** Tab until the words fit; every stop on the way must show that it has the focus. */
  async function tabTo(page: Page, wanted: RegExp): Promise<void> {
    const passed: string[] = []
    for (let i = 0; i < 120; i++) {
      await page.keyboard.press('Tab')
      const { name, visible } = await focus(page)
      passed.push(name)
      expect(visible, `the focus on "${name}" is not to be seen`).toBe(true)
      if (wanted.test(name)) return
    }
    throw new Error(`no stop like ${wanted} among ${passed.join(' | ')}`)
  }
  const press = async (page: Page, wanted: RegExp, key = 'Enter') => {
    await tabTo(page, wanted)
    await page.keyboard.press(key)
  }

  it('skips to the content, finds an instrument by its words and opens it', async () => {
    const { page, settled, complaints } = await open('/')
    await page.keyboard.press('Tab')
    expect((await focus(page)).name).toMatch(/^A Skip/)
    await page.keyboard.press('Enter')
    expect((await focus(page)).name).toMatch(/^MAIN/)
    await tabTo(page, /^INPUT/)
    await page.keyboard.type('icp-01')
    await page.waitForURL(/q=icp-01/)
    await vi.waitFor(async () => expect(await page.locator('.fleet tbody tr').count()).toBe(1), 5_000)
    // What was typed into keeps the focus while the table under it changes.
    expect((await focus(page)).name).toMatch(/^INPUT/)
    await press(page, /^A .*ICP/)
    await page.waitForURL(/\/i\/gz-sysu-tc\/icp-01/)
    await settled()
    expect((await focus(page)).name).toMatch(/^MAIN/)
    expect(complaints).toEqual([])
  })

  it('moves along the timeline, reads it as a table, checks a day', async () => {
    const { page, settled, complaints } = await open('/i/gz-gibh/sem-01?day=2026-11-20')
    await tabTo(page, /^DIV .*arrow keys/)
    await page.keyboard.press('3')
    await page.waitForURL(/length=604800000/)
    await settled()
    expect((await focus(page)).name).toMatch(/^DIV .*arrow keys/)
    await page.keyboard.press('ArrowLeft')
    await page.waitForURL(/from=\d+/)
    await press(page, /^BUTTON Table: Hours a day/, 'Space')
    await page.locator('figure', { hasText: 'Hours a day' }).locator('tbody tr').first().waitFor()
    await press(page, /^BUTTON Verify this day/)
    await page.waitForSelector('[data-verdict=ok]')
    expect((await focus(page)).name).toMatch(/^BUTTON Verify this day/)
    expect(complaints).toEqual([])
  })

  it('goes down the fleet, to a mismatch on its timeline, and through an assessment', async () => {
    const { page, settled, complaints } = await open('/')
    await press(page, /^A Fleet$/)
    await page.waitForURL(/\/fleet$/)
    await settled()
    await press(page, /^A (Guangzhou institute|University test centre)/)
    await page.waitForURL(/scope=org/)
    await settled()
    await press(page, /^A .+/) // The next link is in the view, not the head of the page again.
    await settled()
    await page.goto(`${site.server.url}/reconciliation`)
    await settled()
    await tabTo(page, /^DIV|^A .*(microscope|spectrometer|sequencer|diffractometer|furnace)/)
    const stop = await focus(page)
    if (stop.name.startsWith('DIV')) await tabTo(page, /^A /)
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/i\/.*from=\d+&to=\d+/)
    await settled()
    // What the row said stands under its bracket.
    await page.locator('.finding text').first().waitFor()
    await page.goto(`${site.server.url}/assessment`)
    await settled()
    await tabTo(page, /^SELECT Rule set/)
    await page.keyboard.press('ArrowDown')
    await page.waitForURL(/ruleset=/)
    expect((await focus(page)).name).toMatch(/^SELECT Rule set/)
    expect(complaints).toEqual([])
  })

  it('moves a level in the set-up, and changes theme and language', async () => {
    const { page, complaints } = await open('/setup')
    await tabTo(page, /run above/)
    const slider = page.getByRole('slider', { name: 'run above' })
    const before = Number(await slider.getAttribute('aria-valuenow'))
    await page.keyboard.press('PageUp')
    await vi.waitFor(
      async () => expect(Number(await slider.getAttribute('aria-valuenow'))).toBeGreaterThan(before),
      5_000,
    )
    expect((await focus(page)).name).toContain('run above')
    await page.goto(site.server.url)
    await press(page, /^BUTTON (Dark|Light)$/)
    await press(page, /^A /)
    await page.goto(site.server.url)
    await press(page, /^BUTTON 中文$/)
    await page
      .getByRole('link', { name: '现在' })
      .or(page.getByRole('link', { name: '实时' }))
      .first()
      .waitFor()
    expect((await focus(page)).name).toMatch(/^BUTTON English$/)
    expect(complaints).toEqual([])
  })
})
