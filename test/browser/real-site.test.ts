import { mkdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Usage } from '@hours/protocol'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { artefacts } from './built-page.ts'
import { type Browser, hasChromium, openChromium } from './chromium.ts'
import { type RealSite, startSite } from './real-site.ts'
import { watch } from './watched-page.ts'

const views = {
  now: '/',
  kiosk: '/?kiosk',
  instrument: '/i/gz-gibh/sem-01',
  fleet: '/fleet',
  reconciliation: '/reconciliation',
  assessment: '/assessment',
  quality: '/quality',
  setup: '/setup',
} as const

const hour = 3_600_000
/** As the page writes hours: one decimal, thousands with commas. */
const hours = (ms: number) =>
  (ms / hour).toLocaleString('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 })

describe.skipIf(!hasChromium())('the page of the real system, with a simulated fleet behind it', () => {
  let site: RealSite
  let browser: Browser
  beforeAll(async () => {
    site = await startSite(3)
    browser = await openChromium()
    mkdirSync(artefacts, { recursive: true })
  }, 240_000)
  afterEach(() => browser.closePages())
  afterAll(async () => {
    await browser.close()
    await site.close()
  })

  const open = async (address: string) => {
    const watched = await watch(browser.context, site.url)
    await watched.page.goto(site.url + address)
    await watched.settled()
    return watched
  }
  /** The big figures of a view by their labels. */
  async function figures(page: Page): Promise<ReadonlyMap<string, string>> {
    const texts = await page.locator('dl.figures > div').allInnerTexts()
    return new Map(texts.map((text) => [text.split('\n')[0] ?? '', text]))
  }

  it.each(Object.entries(views))(
    '%s has something to show, in both languages, and no fault',
    async (name, address) => {
      for (const [lang, theme, width] of [
        ['en', 'light', 1280],
        ['zh', 'dark', 390],
      ] as const) {
        const { page, complaints, audit, settled } = await watch(browser.context, site.url)
        await page.setViewportSize({ width, height: 900 })
        await page.goto(
          `${site.url}${address}${address.includes('?') ? '&' : '?'}lang=${lang}&theme=${theme}`,
        )
        await settled()
        expect(await audit()).toEqual([])
        expect(complaints).toEqual([])
        const overflow = await page.evaluate<number>(
          'document.documentElement.scrollWidth - document.documentElement.clientWidth',
        )
        expect(overflow, `px wider than a screen of ${width}`).toBeLessThanOrEqual(0)
        await page.screenshot({ path: join(artefacts, `real-${name}-${lang}-${width}.png`), fullPage: true })
      }
    },
  )

  it('shows the hours of the fleet as the API gives them, unknown ones too', async () => {
    const { page } = await open('/fleet')
    const shown = await figures(page)
    const year = new Date(Date.now() + 8 * hour).getUTCFullYear()
    const { rows } = await site.get<Usage>(`usage?scope=all&period=${year}`)
    const sum = (of: (row: Usage['rows'][number]) => number) => rows.reduce((all, row) => all + of(row), 0)
    expect(shown.get('Powered')).toContain(hours(sum(({ on }) => on)))
    expect(shown.get('Running')).toContain(hours(sum(({ states }) => states.run)))
    const unknown = Number(/([\d.,]+) h unknown/.exec(shown.get('Coverage') ?? '')?.[1])
    // What is not yet in a page is unknown, and more of it with every second.
    expect(unknown).toBeGreaterThan(0)
    expect(Math.abs(unknown - sum(({ states }) => states.unknown) / hour)).toBeLessThan(1)
  })

  it('shows the hours of the week as the API sums them', async () => {
    const { page } = await open('/fleet')
    const heat = page.getByRole('figure', { name: 'Hours of the week' }).locator('.heat rect')
    await heat.nth(167).waitFor()
    const { run, known } = await site.get<{ run: number[]; known: number[] }>('week-hours?scope=all&weeks=8')
    const busiest = run.indexOf(Math.max(...run))
    expect(run[busiest]).toBeGreaterThan(0)
    const title = (await heat.nth(busiest).locator('title').textContent())?.replaceAll(/\s/g, ' ')
    expect(title).toContain(`${Math.round(((run[busiest] ?? 0) / (known[busiest] ?? 0)) * 100)} % of`)
    expect(title).toContain(`${hours(known[busiest] ?? 0)} h`)
  })

  it('verifies yesterday in the browser: every page, its chain, its place in the log', async () => {
    const yesterday = new Date(Date.now() + 8 * hour - 24 * hour).toISOString().slice(0, 10)
    const { page } = await open(`/i/gz-gibh/sem-01?day=${yesterday}`)
    await page.getByRole('button', { name: 'Verify this day' }).click()
    await page.waitForSelector('[data-verdict]')
    expect(await page.locator('[data-verdict]').getAttribute('data-verdict')).toBe('ok')
    expect(await page.locator('[data-check=signatures]').innerText()).toMatch(/(\d+) \/ \1/)
  })

  it('ranks every instrument of an assessment, with the hours of the API', async () => {
    const { page } = await open('/assessment')
    const year = new Date(Date.now() + 8 * hour).getUTCFullYear()
    const { instruments } = await site.get<{
      instruments: { id: string; names: { en: string }; hours: { external: number } }[]
    }>(`assessments?ruleset=univ-sheet&scope=all&period=${year}`)
    const region = page.getByRole('region', { name: 'Instruments of the cohort' })
    const rows = await region.locator('tbody tr').allInnerTexts()
    expect(rows).toHaveLength(instruments.length)
    for (const [i, one] of instruments.entries()) {
      expect(rows[i]).toContain(one.id)
      expect(rows[i]).toContain(one.names.en)
      expect(rows[i]).toContain(hours(one.hours.external))
    }
    const { cohort, leftOut } = await site.get<{ cohort: number; leftOut: string[] }>(
      `assessments?ruleset=zj-2021&scope=all&period=${year}`,
    )
    expect([cohort > 0, leftOut.length > 0]).toEqual([true, true])
    await page.getByLabel('Rule set').selectOption('zj-2021')
    // The rule set before ranks some of these too: their names alone say nothing yet.
    const listed = page.locator('details li')
    await listed.first().waitFor({ state: 'attached' })
    expect(await listed.count()).toBe(leftOut.length)
  })

  it('lists what happened before what was claimed, and sums the claims of each organisation', async () => {
    const { page } = await open('/reconciliation')
    const kinds = await page
      .getByRole('region', { name: 'Reconciliation' })
      .locator('tbody th')
      .allInnerTexts()
    expect(kinds[0]).not.toContain('Claimed')
    expect(kinds.at(-1)).toContain('Claimed')
    const { claims } = await site.get<{ claims: { of: string; measure: string; claimed: number }[] }>(
      `reconciliation?period=${date(0).slice(0, 7)}`,
    )
    const all = claims.find(({ of, measure }) => of === 'all' && measure === 'on')
    const sums = page.getByRole('region', { name: 'Claimed and verified hours' })
    const row = sums.locator('tr', { hasText: 'Everything' }).filter({ hasText: 'powered' })
    expect(await row.innerText()).toContain(hours(all?.claimed ?? NaN))
  })

  it('has the figures of the level below, though all hang on one province', async () => {
    const { page } = await open('/fleet')
    const region = page.getByRole('region', { name: 'Below this level' })
    const year = new Date(Date.now() + 8 * hour).getUTCFullYear()
    const { members } = await site.get<{
      members: { of: string; figures: { kpi: string; value: number }[] }[]
    }>(`figures?scope=org:guangdong&period=${year}`)
    const city = members.find((one) => one.of === 'org:guangzhou')
    const effective = city?.figures.find(({ kpi }) => kpi === 'effective')?.value ?? 0
    expect(effective).toBeGreaterThan(0)
    const shown = await region.locator('tr', { hasText: 'Guangzhou' }).locator('td').allInnerTexts()
    // Running instruments gain a little between the two questions.
    expect(Math.abs(Number(shown[1]?.replaceAll(',', '')) - effective / hour)).toBeLessThan(1)
  })

  const date = (daysAgo: number) =>
    new Date(Date.now() + 8 * hour - daysAgo * 24 * hour).toISOString().slice(0, 10)

  it.each([
    ['statement (PDF)', '%PDF-'],
    ['workbook (XLSX)', 'PK'],
    ['evidence bundle', 'PK'],
  ])('makes the %s of an assessment and hands it out', async (name, magic) => {
    const { page } = await open(`/assessment?period=${date(3)}..${date(1)}`)
    const asked = page.waitForRequest(
      (one) => one.method() === 'POST' && one.url().endsWith('/api/v1/reports'),
    )
    await page.getByRole('button', { name: `Make the ${name}` }).click()
    // With parameters the file is the assessment on show; a bundle is evidence, of no rule set's making.
    expect('parameters' in ((await asked).postDataJSON() as object)).toBe(!name.includes('bundle'))
    const link = page.getByRole('link', { name: `Download the ${name}` })
    await link.waitFor()
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()])
    const bytes = await readFile(await download.path())
    expect(bytes.subarray(0, magic.length).toString('latin1')).toBe(magic)
    expect(bytes.length).toBeGreaterThan(2_000)
  })

  it('says why there is no evidence bundle of a period that is not over', async () => {
    const { page } = await open('/assessment')
    await page.getByRole('button', { name: 'Make the evidence bundle' }).click()
    await page.getByText('The evidence bundle was not made').waitFor()
    expect(await page.locator('.notice', { hasText: 'was not made' }).innerText()).toMatch(
      /not over|ended|hour/,
    )
  })

  it('names the witness that has signed the log', async () => {
    const { page } = await open('/quality')
    await page.getByText('witness.demo.hours/w1').first().waitFor()
  })

  it('puts levels in force from the set-up view, as a record with a revision', async () => {
    const { page } = await open('/setup')
    const settingsOf = () =>
      site.get<{ revision: number; settings: { thresholds: { runStartMw: number } } }>(
        'instruments/gz-gibh/ms-01/settings',
      )
    const before = (await settingsOf()).settings.thresholds
    await page.getByLabel('Power of').selectOption('gz-gibh/ms-01')
    const inForce = page.locator('.in-force')
    await inForce.getByText('In force (revision 1): run from').waitFor()
    // What is drawn is what is in force, so that there is nothing to put in force yet.
    const slider = inForce.getByRole('slider', { name: 'run above' })
    expect(await slider.getAttribute('aria-valuenow')).toBe(String(Math.round(before.runStartMw / 1_000)))
    const put = inForce.getByRole('button', { name: 'Put the levels drawn here in force' })
    expect(await put.isDisabled()).toBe(true)
    await slider.focus()
    await page.keyboard.press('PageUp')
    await put.click()
    const asked = inForce.getByRole('group', { name: 'This will change:' })
    const watt = (mw: number) => `${Math.round(mw / 1_000).toLocaleString('en')}\u00a0W`
    const after = Math.round(before.runStartMw * 1.2)
    expect(await asked.innerText()).toContain(`${watt(before.runStartMw)} → ${watt(after)}`)
    await asked.getByRole('button', { name: 'Put in force' }).click()
    await page.getByText('as revision 2').waitFor()
    expect(await settingsOf()).toMatchObject({
      revision: 2,
      settings: { thresholds: { ...before, runStartMw: after } },
    })
    await inForce.getByText('What is drawn is what is in force.').waitFor()
  })

  it('puts a whole proposal in force at the date that was chosen: hold, gap and plausible range go with it', async () => {
    const { page } = await open('/setup')
    const proposed = {
      thresholds: { onStartMw: 21_000, onStopMw: 11_000, runStartMw: 510_000, runStopMw: 410_000 },
      ...{ dwellMs: 20_000, holdMs: 50_000, maxGapMs: 70_000, plausibleMw: [-5_000, 9_000_000] },
    }
    // A gateway proposes after a week; everything else of the answer, and what is sent, is real.
    await page.route('**/xrd-01/settings', async (route) => {
      if (route.request().method() !== 'GET') return route.continue()
      const answer = await route.fetch()
      const body = (await answer.json()) as object
      const proposal = { at: 1, reason: 'standby at most 318 W', settings: proposed, differs: true }
      return route.fulfill({ response: answer, json: { ...body, proposal } })
    })
    await page.getByLabel('Power of').selectOption('gz-sysu/xrd-01')
    await page.getByText('Dips of up to 50').waitFor()
    await page.getByRole('button', { name: 'Show them on the trace' }).click()
    const { revision } = await site.get<{ revision: number }>('instruments/gz-sysu/xrd-01/settings')
    await page.getByLabel('From (empty: now)').fill('2099-01-01')
    await page.getByRole('button', { name: 'Put the levels drawn here in force' }).click()
    await page.getByRole('button', { name: 'Put in force', exact: true }).click()
    await page
      .getByText(`Revision ${revision + 1} waits`)
      .first()
      .waitFor()
    const settings = await site.get<{ waiting: { from: number } }>('instruments/gz-sysu/xrd-01/settings')
    expect(settings).toMatchObject({ revision: revision + 1, waiting: { settings: proposed } })
    expect(new Date(settings.waiting.from).toISOString()).toBe('2098-12-31T16:00:00.000Z')
  })
})
