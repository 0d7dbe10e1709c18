import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Usage } from '@hours/protocol'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type BerlinSite, playBerlin } from './berlin-site.ts'
import { artefacts, buildPage } from './built-page.ts'
import { type Browser, hasChromium, openChromium } from './chromium.ts'
import { watch } from './watched-page.ts'

const hour = 3_600_000
/** An instant by the clock on the wall in Berlin. */
const berlin = (local: string) =>
  Temporal.PlainDateTime.from(local).toZonedDateTime('Europe/Berlin').epochMilliseconds
const enrolFrom = berlin('2024-01-01T00:00')
const instrument = 'gz-gibh/sem-01'

const sum = (states: Usage['rows'][number]['states']) => Object.values(states).reduce((a, b) => a + b, 0)

/** Real system, real browser; 2024 is a leap year, and Berlin changes its clocks twice in it. */
describe.skipIf(!hasChromium())('a year in Berlin: 8,784 hours, one day of 23 and one of 25', () => {
  const dir = mkdtempSync(join(tmpdir(), 'hours-berlin-'))
  let browser: Browser
  let webRoot = ''
  let site: BerlinSite | undefined
  beforeAll(async () => {
    webRoot = buildPage().root
    browser = await openChromium()
    mkdirSync(artefacts, { recursive: true })
  })
  afterEach(async () => {
    await browser.closePages()
    await site?.close()
    site = undefined
  })
  afterAll(async () => {
    await browser.close()
    rmSync(dir, { recursive: true, force: true })
  })

  const play = async (from: string, to: string): Promise<BerlinSite> => {
    site = await playBerlin({ dir, webRoot, enrolFrom, from: berlin(from), to: berlin(to) })
    return site
  }
  const open = async ({ url }: BerlinSite, address: string) => {
    const watched = await watch(browser.context, url)
    watched.page.setDefaultTimeout(8_000)
    await watched.page.goto(url + address)
    await watched.settled()
    return watched
  }

  // In the order of time: a log only grows.
  it.each([
    { day: '2024-03-31', hours: 23, from: '2024-03-30T00:00', to: '2024-04-02T00:30' },
    { day: '2024-10-27', hours: 25, from: '2024-10-26T00:00', to: '2024-10-29T00:30' },
  ])(
    '$day has $hours h in chart, table, file, axis and evidence',
    async ({ day, hours, from, to }) => {
      const own = await play(from, to)
      const next = Temporal.PlainDate.from(day).add({ days: 1 }).toString()
      const { rows } = await own.get<Usage>(`usage?scope=${instrument}&period=${day}..${next}&by=day`)
      expect(rows).toHaveLength(1)
      const [row] = rows
      if (!row) throw new Error('no row')
      expect(sum(row.states)).toBe(hours * hour)
      expect(row.states.unknown).toBe(0)

      const midnight = berlin(`${day}T00:00`)
      const { page, complaints, audit } = await open(
        own,
        `/i/${instrument}?day=${day}&from=${midnight}&to=${midnight + hours * hour}`,
      )
      const daily = page.locator('figure', { hasText: 'Hours a day' })
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        daily.getByRole('button', { name: 'CSV' }).click(),
      ])
      const line = (await readFile(await download.path(), 'utf8'))
        .split('\r\n')
        .find((one) => one.startsWith(day))
      const { run, standby, fault, off, unknown } = row.states
      expect(line?.split(',').map(Number).slice(1)).toEqual([row.on, run, standby, fault, off, unknown])
      await daily.getByRole('button', { name: 'Table' }).click()
      const cells = await daily.locator('tr', { hasText: day }).locator('td').allInnerTexts()
      expect(cells.slice(-5).reduce((all, text) => all + Number(text), 0)).toBeCloseTo(hours, 0)

      // Hours of the wall clock stand on the axis, each at its own place; none that does not exist.
      const axis = page.locator('figure', { has: page.locator('.timeline') }).locator('g[aria-hidden] text')
      const times = (await axis.allTextContents()).filter((label) => /^\d\d:\d\d$/.test(label))
      expect(times.length).toBeGreaterThan(3)
      expect(new Set(times).size).toBe(times.length)

      expect(await page.locator('svg.heat rect').count()).toBe(168)
      await page.getByRole('button', { name: 'Verify this day' }).click()
      await page.waitForSelector('[data-verdict]')
      expect(await page.locator('[data-verdict]').getAttribute('data-verdict')).toBe('ok')
      const pages = (hours * hour) / 900_000
      expect(await page.locator('[data-check=signatures]').innerText()).toContain(`${pages} / ${pages}`)
      expect(await audit()).toEqual([])
      expect(complaints).toEqual([])
      await page.screenshot({ path: join(artefacts, `clock-change-${day}.png`), fullPage: true })
    },
    180_000,
  )

  it('shows all 8,784 hours of 2024, most of them unknown, as the API counts them', async () => {
    const own = await play('2025-01-02T09:00', '2025-01-02T09:00')
    const { rows } = await own.get<Usage>('usage?scope=all&period=2024')
    expect(rows.length).toBeGreaterThan(2)
    for (const { states } of rows) expect(sum(states)).toBe(8_784 * hour)
    const { page, complaints } = await open(own, '/fleet?period=2024')
    const shown = await page.locator('dl.figures').innerText()
    const unknown = rows.reduce((all, { states }) => all + states.unknown, 0) / hour
    expect(shown).toContain(
      `${unknown.toLocaleString('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 })} h unknown`,
    )
    const [first] = rows
    if (!first) throw new Error('no row')
    const { page: year } = await open(
      own,
      `/i/${first.key}?from=${enrolFrom}&to=${berlin('2025-01-01T00:00')}`,
    )
    const timeline = year.locator('figure', { has: year.locator('.timeline') })
    const [download] = await Promise.all([
      year.waitForEvent('download'),
      timeline.getByRole('button', { name: 'CSV' }).click(),
    ])
    const lines = (await readFile(await download.path(), 'utf8')).split('\r\n').slice(1)
    expect(lines.reduce((all, line) => all + Number(line.split(',')[3] ?? 0), 0)).toBe(8_784 * hour)
    await year.screenshot({ path: join(artefacts, 'leap-year.png'), fullPage: true })
    expect(complaints).toEqual([])
  }, 30_000)
})
