import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium } from 'playwright-core'

const executable = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium'

/** Whether there is a browser; without one the suites are left out, unless services are required. */
export function hasChromium(): boolean {
  if (existsSync(executable)) return true
  if (process.env['HOURS_REQUIRE_SERVICES'] === '1')
    throw new Error(`no Chromium at ${executable}: apt-get install chromium`)
  console.warn('test/browser is left out: no Chromium (apt-get install chromium)')
  return false
}

export interface Browser {
  readonly context: BrowserContext
  /** All pages but the blank one it began with. */
  closePages(): Promise<void>
  close(): Promise<void>
}

/** A browser with a profile of its own that calls nobody. */
export async function openChromium(flags: readonly string[] = []): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'hours-browser-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: executable,
    headless: true,
    acceptDownloads: true,
    viewport: { width: 1280, height: 900 },
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...flags,
    ],
  })
  context.setDefaultTimeout(15_000)
  return {
    context,
    async closePages() {
      for (const page of context.pages().slice(1)) await page.close()
    },
    async close() {
      await context.close()
      rmSync(profile, { recursive: true, force: true })
    },
  }
}
