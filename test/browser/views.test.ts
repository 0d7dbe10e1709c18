import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { artefacts, buildPage } from './built-page.ts'
import { type Browser, hasChromium, openChromium } from './chromium.ts'
import { type FixtureServer, startFixture } from './fixture-server.ts'
import { watch } from './watched-page.ts'

const views = {
  now: '/',
  kiosk: '/?kiosk',
  instrument: '/i/gz-gibh/sem-01',
  'instrument-week': '/i/gz-sysu-tc/icp-01?length=604800000',
  fleet: '/fleet?compare=2026-10&period=2026-11',
  reconciliation: '/reconciliation',
  assessment: '/assessment',
  quality: '/quality',
  setup: '/setup',
} as const

const widths = [390, 1280, 1920] as const

describe.skipIf(!hasChromium())('every view, in both languages and themes, from phone to wall', () => {
  let browser: Browser
  let server: FixtureServer
  beforeAll(async () => {
    server = await startFixture(buildPage().root)
    browser = await openChromium()
    mkdirSync(artefacts, { recursive: true })
  })
  // Each open page holds a live connection, and a browser has six of them.
  afterEach(() => browser.closePages())
  afterAll(async () => {
    await browser.close()
    await server.close()
  })

  const cases = Object.entries(views).flatMap(([name, address]) =>
    (['en', 'zh'] as const).flatMap((lang) =>
      (['light', 'dark'] as const).map((theme) => ({ name, address, lang, theme })),
    ),
  )

  it.each(cases)(
    '$name in $lang, $theme: fits, breaks no rule of axe-core, asks nobody else',
    async ({ name, address, lang, theme }) => {
      const { page, complaints, audit, settled } = await watch(browser.context, server.url)
      page.setDefaultTimeout(8_000)
      const found: string[] = []
      for (const width of widths) {
        await page.setViewportSize({ width, height: width === 390 ? 844 : width === 1280 ? 900 : 1080 })
        if (width === widths[0])
          await page.goto(
            `${server.url}${address}${address.includes('?') ? '&' : '?'}lang=${lang}&theme=${theme}`,
          )
        await settled()
        const overflow = await page.evaluate<number>(
          'document.documentElement.scrollWidth - document.documentElement.clientWidth',
        )
        if (overflow > 0) found.push(`${width} px: ${overflow} px wider than the screen`)
        if (width < 1920) found.push(...(await audit()).map((one) => `${width} px: ${one}`))
        await page.screenshot({
          path: join(artefacts, `${name}-${lang}-${theme}-${width}.png`),
          fullPage: name !== 'kiosk',
        })
      }
      expect(await page.evaluate('document.documentElement.lang')).toBe(lang === 'zh' ? 'zh-CN' : 'en')
      expect([...found, ...complaints]).toEqual([])
    },
  )
})
