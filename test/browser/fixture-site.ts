import { afterAll, afterEach, beforeAll } from 'vitest'
import { buildPage } from './built-page.ts'
import { type Browser, openChromium } from './chromium.ts'
import { type FixtureServer, startFixture } from './fixture-server.ts'

/** Chromium and a server of fixtures with the built page, there while the tests of a suite run. */
export interface FixtureSite {
  readonly browser: Browser
  readonly server: FixtureServer
}

/** To be called inside of a `describe`: opens both before its tests, closes each test's pages, and both at the end. */
export function fixtureSite(): FixtureSite {
  let server: FixtureServer | undefined
  let browser: Browser | undefined
  const begun = <T>(what: T | undefined): T => {
    if (what === undefined) throw new Error('the suite has not begun')
    return what
  }
  beforeAll(async () => {
    server = await startFixture(buildPage().root)
    browser = await openChromium()
  })
  afterEach(() => browser?.closePages())
  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })
  return {
    get browser() {
      return begun(browser)
    },
    get server() {
      return begun(server)
    },
  }
}
