import { ChannelId, DAY, HOUR, Names } from '@hours/protocol'
import { parsePeriod } from '@hours/usage'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { ChannelMonitor } from '../channels/channel-monitor.ts'
import { type ListingCompleteness, listingCompleteness } from '../channels/completeness.ts'
import { shownUrl } from '../channels/probe-result.ts'
import { channelOf } from '../registry/channel-of.ts'
import type { ApiContext } from './context.ts'
import { badField, notFound } from './problem.ts'
import { entriesOf } from './scope.ts'
import type { Api } from './server.ts'
import type { Standing } from './standing.ts'

const Share = z.number().nullable()
const Incident = z.object({
  id: z.string(),
  channel: z.string(),
  kind: z.string().describe('page_dead, page_slow, certificate, information_missing, other'),
  owner: z.string(),
  from: z.int(),
  to: z.int().nullable().describe('null = it goes on'),
  evidence: z.string().nullable(),
})
const Row = z.object({
  id: z.string(),
  names: Names,
  owner: z.string().nullable(),
  available: Share.describe('ok over probed; what was not probed is unknown; null = never probed'),
  complete: Share.describe('filled over required fields of its feed, else of its listings here'),
  probed: z.int(),
  latencyMs: z.object({ p50: z.int(), p95: z.int() }).nullable().describe('of the last day probed'),
  certificateDays: z.int().nullable(),
  openIncidents: z.int(),
  listings: z.int(),
  figures: z
    .object({
      channelAvail: z.object({ value: Share, lower: Share, upper: Share, denominator: z.string() }),
      infoComplete: Share,
    })
    .nullable()
    .describe(
      'of the `period` asked for, by daily digests, with what was not probed as bounds; null = none was asked for',
    ),
})
const Page = z.object({
  id: z.string(),
  url: z.string().describe('without what stands behind the question mark'),
  at: z.int().nullable(),
  ok: z.boolean().nullable(),
  status: z.int().nullable(),
  latencyMs: z.int().nullable(),
  certificateDays: z.int().nullable(),
  faults: z.array(z.object({ reason: z.string(), detail: z.string() })),
})
const Listing = z.object({
  instrument: z.string(),
  complete: z.number(),
  missing: z.array(z.string()),
  telemetry: z.boolean(),
})
const marked = { simulated: z.boolean() }
const Path = z.strictObject({ id: ChannelId })
const Asked = z.strictObject({
  period: z
    .string()
    .max(40)
    .optional()
    .describe('2025, 2025-03 ...: `figures` of that time, in civil days of the channel'),
})
/** Channels as instruments have figures: availability, completeness, incidents with their owner. */
export function channelRoutes(
  app: Api,
  context: ApiContext,
  { standing }: { standing: () => Standing },
): void {
  const { ingest } = context
  const { simulated } = ingest
  const monitor = context.channels

  /** Who sees all of the installation sees every channel; others those that list an instrument or unit of theirs. */
  function visible(request: FastifyRequest): string[] {
    const listed = ingest.registry.records('membership').map(({ record }): string => record.channel)
    const all = !context.door || request.principal?.organisations === null
    const probed = all ? ingest.registry.records('probe').map(({ record }): string => record.channel) : []
    const configured = all ? (monitor?.channels ?? []).map(({ id }): string => id) : []
    return [...new Set([...configured, ...listed, ...probed])].sort()
  }
  const seen = (request: FastifyRequest, id: string) => {
    if (!visible(request).includes(id)) throw notFound('channel', id)
    return id
  }

  app.get(
    '/api/v1/channels',
    {
      schema: {
        querystring: Asked,
        response: { 200: z.object({ items: z.array(Row), ...marked }) },
        tags: ['channels'],
      },
      config: { needs: 'read' },
    },
    (request) => ({
      items: visible(request).map((id) => ({
        ...rowOf(id, listingsOf(id), monitor),
        figures: figuresOf(id, request.query.period),
      })),
      simulated,
    }),
  )

  app.get(
    '/api/v1/channels/:id',
    {
      schema: {
        params: Path,
        querystring: Asked,
        response: { 200: Row.extend({ pages: z.array(Page), listed: z.array(Listing), ...marked }) },
        tags: ['channels'],
      },
      config: { needs: 'read' },
    },
    (request) => {
      const id = seen(request, request.params.id)
      const listings = listingsOf(id)
      const listed = listings.slice(0, 500).map(({ key, filled, required, missing, telemetry }) => ({
        ...{ instrument: key, complete: filled / required, missing: [...missing], telemetry },
      }))
      const figures = figuresOf(id, request.query.period)
      return { ...rowOf(id, listings, monitor), figures, pages: pagesOf(id, monitor), listed, simulated }
    },
  )

  app.get(
    '/api/v1/channels/:id/incidents',
    {
      schema: {
        params: Path,
        querystring: z.strictObject({
          open: z.stringbool().optional().describe('true = without an end, false = with one'),
          limit: z.coerce.number().int().min(1).max(500).default(50),
          cursor: z.string().max(120).optional().describe('`next` of the page before'),
        }),
        response: {
          200: z.object({ items: z.array(Incident), next: z.string().nullable(), ...marked }),
        },
        tags: ['channels'],
      },
      config: { needs: 'read' },
    },
    (request) => {
      const { open, limit, cursor } = request.query
      const id = seen(request, request.params.id)
      const all = (monitor?.incidents(id) ?? [])
        .filter(({ to }) => open === undefined || (to === undefined) === open)
        .toReversed()
      const begin = cursor === undefined ? 0 : all.findIndex((one) => one.id === cursor) + 1
      if (cursor !== undefined && begin === 0)
        throw badField('cursor', cursor, 'use `next` of the page before')
      const items = all.slice(begin, begin + limit)
      return {
        items: items.map((one) => ({
          ...{ id: one.id, channel: id, kind: one.kind, owner: one.owner, from: one.from },
          to: one.to ?? null,
          evidence: one.evidence ?? null,
        })),
        next: begin + limit < all.length ? (items.at(-1)?.id ?? null) : null,
        simulated,
      }
    },
  )

  function figuresOf(id: string, period: string | undefined): z.infer<typeof Row>['figures'] {
    if (period === undefined) return null
    const zone = monitor?.channels.find((one) => one.id === id)?.zone ?? 'Asia/Shanghai'
    const read = parsePeriod(period, zone)
    if (!read.ok) throw badField('period', period, read.error.message)
    const to = Math.min(read.value.to, ingest.clock.wall())
    const time = { zone, from: Math.min(read.value.from, to), to }
    return channelOf(ingest.registry, `channel:${id}`, time) ?? null
  }

  function listingsOf(id: string): ListingCompleteness[] {
    const isListed = ingest.registry.records('membership').some(({ record }) => record.channel === id)
    if (!isListed) return []
    const now = ingest.clock.wall()
    const entries = entriesOf(context, standing(), `channel:${id}`).filter(({ during }) =>
      during.some(({ from, to }) => from <= now && now < to),
    )
    const keys = entries.map(({ key }) => key)
    const heard = new Set<string>()
    for (const { key, states: s } of ingest.index.days(keys, now - 2 * DAY, now + HOUR))
      if (s.off + s.standby + s.run + s.fault > 0) heard.add(key)
    return listingCompleteness(entries, ingest.registry, ({ key }) => heard.has(key))
  }
}

function rowOf(id: string, listings: readonly ListingCompleteness[], monitor: ChannelMonitor | undefined) {
  const settings = monitor?.channels.find((one) => one.id === id)
  const standing = monitor?.standing(id)
  const required = listings.reduce((sum, one) => sum + one.required, 0)
  const filled = listings.reduce((sum, one) => sum + one.filled, 0)
  const days = (standing?.pages ?? []).flatMap(({ last }) => last?.certificateDays ?? [])
  return {
    ...{ id, names: settings?.names ?? {}, owner: settings?.owner ?? null },
    available: standing?.availability ?? null,
    complete: standing?.completeness ?? (required > 0 ? filled / required : null),
    probed: standing?.probed ?? 0,
    latencyMs: standing?.latencyMs ?? null,
    certificateDays: days.length > 0 ? Math.min(...days) : null,
    openIncidents: (monitor?.incidents(id) ?? []).filter(({ to }) => to === undefined).length,
    listings: listings.length,
  }
}

function pagesOf(id: string, monitor: ChannelMonitor | undefined) {
  const urls = new Map(
    (monitor?.channels.find((one) => one.id === id)?.pages ?? []).map((page) => [page.id, page.url]),
  )
  return (monitor?.standing(id).pages ?? []).map(({ id: page, last }) => ({
    ...{ id: page, url: shownUrl(urls.get(page) ?? '') },
    ...{ at: last?.at ?? null, ok: last?.ok ?? null, status: last?.status ?? null },
    ...{ latencyMs: last?.latencyMs ?? null, certificateDays: last?.certificateDays ?? null },
    faults: (last?.faults ?? []).map(({ reason, detail }) => ({ reason, detail })),
  }))
}
