import { describe, expect, it } from 'vitest'
import { hasChromium } from './chromium.ts'
import { fixtureSite } from './fixture-site.ts'
import { watch } from './watched-page.ts'

/** A4 without its margins, in px of CSS. */
const inside = { landscape: 1_016, portrait: 672 } as const

describe.skipIf(!hasChromium())('views on paper', () => {
  const site = fixtureSite()

  const print = async (address: string, width: number) => {
    const { page, settled } = await watch(site.browser.context, site.server.url)
    await page.goto(`${site.server.url}${address}?theme=dark`)
    await settled()
    await page.setViewportSize({ width, height: 700 })
    await page.emulateMedia({ media: 'print' })
    return page
  }

  it('has the whole statement on landscape sheets: no column is cut off, the reasons least of all', async () => {
    const page = await print('/assessment', inside.landscape)
    const region = page.getByRole('region', { name: 'Instruments of the cohort' })
    const last = await region.locator('thead th').last().boundingBox()
    expect(last && last.x + last.width).toBeLessThanOrEqual(inside.landscape)
    expect(await page.getByText('must be opened, small and medium').first().isVisible()).toBe(true)
    // What is folded on the screen: the sets that are left out.
    expect(await page.getByText('gz-scut/centrifuge-07').isVisible()).toBe(true)
    expect(await page.getByRole('button', { name: 'CSV', includeHidden: false }).count()).toBe(0)
    const pdf = (await page.pdf({ preferCSSPageSize: true })).toString('latin1')
    const boxes = [...pdf.matchAll(/\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/g)]
    expect(boxes.length).toBeGreaterThan(0)
    for (const [, width, height] of boxes)
      expect([width, height].map((one) => Math.round(Number(one)))).toEqual([842, 595])
  })

  it.each([
    ['/assessment', 'University'],
    ['/fleet', 'Everything'],
    ['/reconciliation', 'Everything'],
  ])(
    '%s says on paper of whom, when, by which clock and how far the log was, in the light theme',
    async (address) => {
      const page = await print(address, address === '/assessment' ? inside.landscape : inside.portrait)
      const line = page.locator('.print-only')
      await line.filter({ hasText: 'demo.example.org/hours/2026' }).waitFor()
      expect(await line.innerText()).toMatch(/2026 · Times in Asia\/Shanghai \(UTC\+8\) · made 23 Nov 2026/)
      const paper = 'getComputedStyle(document.documentElement).getPropertyValue("--paper").trim()'
      expect(await page.evaluate<string>(paper)).toBe('#fff')
      const ink = 'getComputedStyle(document.documentElement).getPropertyValue("--accent").trim()'
      expect(await page.evaluate<string>(ink)).toBe('#0b6456')
      const overflow = 'document.documentElement.scrollWidth - innerWidth'
      expect(await page.evaluate<number>(overflow)).toBeLessThanOrEqual(0)
    },
  )
})
