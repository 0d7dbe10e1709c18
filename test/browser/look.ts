import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openChromium } from './chromium.ts'
import { startFixture } from './fixture-server.ts'

/** For making the page: screenshots of addresses. `node test/browser/look.ts OUT / /i/gz-gibh/sem-01?lang=zh@390 ...` */

const [out = 'test/artefacts', ...addresses] = process.argv.slice(2)
const root = join(import.meta.dirname, '../../dashboards/web/dist')
const real = process.env['HOURS_URL']
const server = real === undefined ? await startFixture(root) : { url: real, close: () => Promise.resolve() }
const browser = await openChromium()
mkdirSync(out, { recursive: true })
const page = await browser.context.newPage()
page.on('console', (message) => {
  if (message.type() === 'error') console.log('console:', message.text())
})
page.on('pageerror', (error) => console.log('error:', error.stack))
for (const [n, one] of addresses.entries()) {
  const [address = '/', width = '1280'] = one.split('@')
  await page.setViewportSize({ width: Number(width), height: Number(width) > 1500 ? 1080 : 900 })
  await page.goto(server.url + address, { waitUntil: 'networkidle', timeout: 8_000 }).catch(() => undefined)
  await page.waitForTimeout(300)
  await page.screenshot({ path: join(out, `${n}.png`), fullPage: true })
  console.log(`${n}.png ${one}`)
}
await browser.close()
await server.close()
