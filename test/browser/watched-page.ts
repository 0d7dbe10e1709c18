import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { BrowserContext, Page } from 'playwright-core'
import { vi } from 'vitest'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** A page that notes what must not happen: errors, refused resources, requests to anybody else. */
export interface Watched {
  readonly page: Page
  readonly complaints: string[]
  /** What axe-core finds, `rule: selector`. */
  readonly audit: () => Promise<string[]>
  /** Waits until the view is drawn and nothing is on its way. */
  readonly settled: () => Promise<void>
}

/** `tolerate` = console messages that the case provokes, such as an answer of 503. */
export async function watch(context: BrowserContext, url: string, tolerate?: RegExp): Promise<Watched> {
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`))
  page.on('console', (message) => {
    if (message.type() === 'error' && tolerate?.test(message.text()) !== true) complaints.push(message.text())
  })
  page.on('request', (request) => {
    const address = request.url()
    if (!address.startsWith(url) && !address.startsWith('blob:') && !address.startsWith('data:'))
      complaints.push(`request to ${address}`)
  })
  return {
    page,
    complaints,
    async audit() {
      await page.evaluate(axe)
      const found = await page.evaluate<{
        violations: { id: string; nodes: { target: string[]; failureSummary?: string }[] }[]
      }>('axe.run(document, { resultTypes: ["violations"] })')
      return found.violations.flatMap(({ id, nodes }) =>
        nodes.slice(0, 3).map((node) => `${id}: ${node.target.join(' ')} ${node.failureSummary ?? ''}`),
      )
    },
    async settled() {
      await page.waitForSelector('main h1, main .notice, .kiosk h1')
      // Not waitForFunction: it evaluates strings in the page, which the Content-Security-Policy forbids.
      await vi.waitFor(async () => {
        if ((await page.locator('.waiting').count()) > 0) throw new Error('still waiting')
      }, 10_000)
    },
  }
}
