import { setTimeout as pause } from 'node:timers/promises'
import type { DashboardOptions, OrganisationChoice } from '@hours/grafana'
import { InstrumentList, InstrumentSettings } from '@hours/protocol'
import { z } from 'zod'
import { sendToSite } from './site-request.ts'

/** What a running site says of itself to its dashboards. */
export interface DashboardChoices
  extends Pick<DashboardOptions, 'organisations' | 'alwaysOn' | 'runThresholds' | 'simulated'> {
  /** Organisations of so many instruments at shared sites that no condition can name them. */
  readonly leftOut: readonly string[]
}

const Organisations = z.object({
  items: z.array(
    z.object({ id: z.string(), names: z.object({ en: z.string().optional(), zh: z.string().optional() }) }),
  ),
})
const Config = z.object({
  site: z.string(),
  instruments: z.array(InstrumentSettings).nullable(),
  proposed: z.array(InstrumentSettings).nullable(),
})
const Me = z.object({ organisations: z.array(z.string()).nullable() })
/** A choice of more ids than this is longer than what an address of a dashboard may hold. */
const mostInstruments = 300

/** Organisations and always-on instruments as they stand now, with what the key may see. */
export async function readDashboardChoices(api: string, key: string | undefined): Promise<DashboardChoices> {
  const read = reader(api.replace(/\/+$/, ''), key)
  const { items } = Organisations.parse(await read('/api/v1/organisations'))
  const all = await instrumentsOf(read)
  // Whoever sees a part of the fleet alone cannot know what else stands at a site.
  const sizes = (await seesAll(read)) ? sizesOf(all.keys) : new Map<string, number>()
  const organisations: OrganisationChoice[] = []
  const leftOut: string[] = []
  for (const { id, names } of items) {
    const own = await instrumentsOf(read, id)
    const name = names.en ?? names.zh ?? id
    const ownSizes = sizesOf(own.keys)
    const sites = [...ownSizes].filter(([site, count]) => count === sizes.get(site)).map(([site]) => site)
    const instruments = own.keys.filter((one) => !sites.includes(siteOf(one)))
    if (instruments.length > mostInstruments) leftOut.push(name)
    else if (own.keys.length > 0) organisations.push({ name, sites, instruments })
  }
  const runThresholds = await runThresholdsOf(read, all.gateways)
  return { organisations, alwaysOn: all.alwaysOn, runThresholds, simulated: all.simulated, leftOut }
}

/** W from which an instrument runs by the configuration of its gateway or by the gateway's own file, where all of it may be seen. */
async function runThresholdsOf(read: Read, gateways: ReadonlySet<string>): Promise<Record<string, number>> {
  const found: Record<string, number> = {}
  for (const gateway of gateways) {
    const told = await read(`/api/v1/gateways/${encodeURIComponent(gateway)}/config`, 'nothing')
    if (told === undefined) continue
    const { site, instruments, proposed } = Config.parse(told)
    for (const { id, thresholds } of instruments ?? proposed ?? [])
      found[`${site}/${id}`] = thresholds.runStartMw / 1_000
    // A site answers an account 50 times a second.
    await pause(25)
  }
  return found
}

const siteOf = (key: string) => key.slice(0, key.indexOf('/'))

function sizesOf(keys: readonly string[]): Map<string, number> {
  const sizes = new Map<string, number>()
  for (const key of keys) sizes.set(siteOf(key), (sizes.get(siteOf(key)) ?? 0) + 1)
  return sizes
}

type Read = (path: string, ifForbidden?: 'nothing') => Promise<unknown>

async function instrumentsOf(read: Read, organisation?: string) {
  const keys: string[] = []
  const alwaysOn: string[] = []
  const gateways = new Set<string>()
  let simulated = false
  let cursor: string | null = ''
  while (cursor !== null) {
    const query = new URLSearchParams({ limit: '200' })
    if (organisation !== undefined) query.set('organisation', organisation)
    if (cursor !== '') query.set('cursor', cursor)
    const list: InstrumentList = InstrumentList.parse(await read(`/api/v1/instruments?${query.toString()}`))
    keys.push(...list.items.map((one) => one.key))
    alwaysOn.push(...list.items.filter((one) => one.alwaysOn).map((one) => one.key))
    for (const { gateway } of list.items) gateways.add(gateway)
    simulated = list.simulated
    cursor = list.next
  }
  return { keys, alwaysOn, gateways, simulated }
}

/** A site without logins, such as the demo, shows everything to everybody. */
async function seesAll(read: Read): Promise<boolean> {
  const me = await read('/api/v1/me')
  return me === undefined || Me.parse(me).organisations === null
}

/** GET with the key; undefined where there is no such route, and where what is forbidden is said to be nothing. */
const reader =
  (api: string, key: string | undefined): Read =>
  async (path, ifForbidden) => {
    const url = `${api}${path}`
    const answer = await sendToSite(url, { key }).catch((cause: unknown) => {
      throw new Error(
        `--api: ${url} does not answer. Fix: start "hours up" or "hours serve", or leave --api out.`,
        { cause },
      )
    })
    if (answer.status === 404 || (answer.status === 403 && ifForbidden === 'nothing')) return undefined
    if (answer.status === 401 || answer.status === 403)
      throw new Error(
        `--api: ${url} wants a login (${answer.status}). Fix: --key or HOURS_KEY, an API key with the right "read" of an account that sees the whole installation.`,
      )
    if (answer.status !== 200) throw new Error(`--api: ${url} answers ${answer.status}.`)
    return answer.body
  }
