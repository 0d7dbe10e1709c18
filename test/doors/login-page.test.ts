import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { systemClock } from '@hours/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSiteCa } from '../../ingest/src/ca/site-ca.ts'
import { buildPage } from '../browser/built-page.ts'
import { type Browser, hasChromium, openChromium } from '../browser/chromium.ts'
import { createDoorsWorld, type DoorsWorld, password } from './doors.fixture.ts'

describe.skipIf(!hasChromium())('the page of a site', () => {
  let world: DoorsWorld
  let browser: Browser
  let address: string

  beforeAll(async () => {
    const ca = await openSiteCa(mkdtempSync(`${tmpdir()}/hours-page-ca-`), systemClock)
    const { certificate, key } = await ca.issueServer(['127.0.0.1'])
    world = await createDoorsWorld({ webRoot: buildPage().root, tls: { cert: certificate, key } })
    address = await world.api.listen({ host: '127.0.0.1', port: 0 })
    browser = await openChromium(['--ignore-certificate-errors'])
  })
  afterAll(async () => {
    await browser.close()
    await world.close()
  })

  it('asks for a login, lets a person choose a password by a link, and shows what that person may see', async () => {
    const { accounts, invitations } = world.door
    await accounts.create({ id: 'lin', name: 'Lin', role: 'viewer', organisations: ['gibh'] }, null)
    const page = await browser.context.newPage()
    const violations: string[] = []
    page.on('console', (message) => {
      if (/Content.Security.Policy/i.test(message.text())) violations.push(message.text())
    })
    await page.goto(address)
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    expect(await page.content()).not.toContain('sem-01')

    await page.goto(`${address}/welcome#${invitations.issue('lin')}`)
    await page.getByLabel('Password').fill(password)
    await page.getByRole('button', { name: 'Set the password' }).click()
    await page.getByText('sem-01').first().waitFor()
    await page.getByText('shared-own').first().waitFor()
    expect(await page.content()).not.toMatch(/zebra/i)

    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await page.getByLabel('Account').fill('lin')
    await page.getByLabel('Password').fill('not this one at all')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('Account or password is wrong').waitFor()
    await page.getByLabel('Password').fill(password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('sem-01').first().waitFor()
    expect(violations).toEqual([])
  })

  it('says the same in Chinese', async () => {
    const page = await browser.context.newPage()
    await browser.context.clearCookies()
    await page.goto(address)
    await page.getByRole('button', { name: '中文' }).click()
    await page.getByRole('heading', { name: '登录' }).waitFor()
  })
})
