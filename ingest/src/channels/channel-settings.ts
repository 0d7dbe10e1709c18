import { existsSync, readFileSync } from 'node:fs'
import { ChannelId, checkSchema, faults, Names } from '@hours/protocol'
import { z } from 'zod'
import { ChannelsError } from './channels-error.ts'

const Page = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]{1,24}$/, 'a-z, 0-9, -'),
  url: z.url({ protocol: /^https?$/ }).max(500),
  /** What the answer must be to count as content. */
  kind: z.enum(['html', 'ical', 'json']).default('html'),
  /** A text that must be on the page, such as the name of its booking table. */
  contains: z.string().min(1).max(200).optional(),
  /** A JSON feed of listings: where its list is, and the fields each entry should have filled. */
  listing: z
    .strictObject({
      items: z.string().max(80).default(''),
      required: z.array(z.string().min(1).max(80)).min(1).max(40),
    })
    .optional(),
})

/** One channel: who answers for it, what is probed, and what counts as a failure (domain.md, D10). */
export const ChannelSettings = z.strictObject({
  id: ChannelId,
  names: Names.default({}),
  /** Who answers for the page being there. */
  owner: z.string().min(1).max(120),
  /** Days are civil days of this zone. */
  zone: z.string().max(64).default('Asia/Shanghai'),
  pages: z.array(Page).min(1).max(8),
  everyMs: z.int().min(10_000).max(86_400_000).default(300_000),
  timeoutMs: z.int().min(100).max(60_000).default(10_000),
  slowMs: z.int().min(1).max(60_000).default(3_000),
  maxBytes: z.int().min(1_024).max(16_777_216).default(2_097_152),
  maxRedirects: z.int().min(0).max(10).default(4),
  certificateDays: z.int().min(0).max(365).default(14),
  /** Below this share of filled fields information counts as missing. */
  completeness: z.number().min(0).max(1).default(0.8),
  /** Probes in a row that open an incident, and that close it. */
  openAfter: z.int().min(1).max(100).default(3),
  closeAfter: z.int().min(1).max(100).default(2),
  /** Private or loopback addresses (`127.0.0.1`, `10.1.0.0/16`) that may be probed nonetheless. */
  allowPrivate: z
    .array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]))
    .max(16)
    .default([]),
})
export type ChannelSettings = z.infer<typeof ChannelSettings>
export type PageSettings = ChannelSettings['pages'][number]

/** `channels.json` of a site. */
export const ChannelsFile = z
  .strictObject({
    /** A page that is always there: while it cannot be reached either, nothing is said about others. */
    reference: z.url({ protocol: /^https?$/ }).optional(),
    channels: z.array(ChannelSettings).max(200),
  })
  .superRefine(({ channels }, context) => {
    for (const [i, channel] of channels.entries()) {
      if (channels.findIndex(({ id }) => id === channel.id) < i)
        context.addIssue({ code: 'custom', path: ['channels', i, 'id'], message: 'is there twice' })
      const ids = new Set(channel.pages.map(({ id }) => id))
      if (ids.size < channel.pages.length)
        context.addIssue({ code: 'custom', path: ['channels', i, 'pages'], message: 'an id is there twice' })
      for (const [j, { url }] of channel.pages.entries())
        if (hasCredentials(url))
          context.addIssue({
            code: 'custom',
            path: ['channels', i, 'pages', j, 'url'],
            message: 'has a user or password; a page that needs one is no open channel',
          })
    }
  })
export type ChannelsFile = z.infer<typeof ChannelsFile>

const hasCredentials = (url: string) => {
  const parsed = URL.parse(url)
  return parsed !== null && parsed.username + parsed.password !== ''
}

/** Reads the settings of a site's channels; no file = no channels. Throws `bad_settings` with every fault. */
export function readChannelsFile(path: string): ChannelsFile {
  if (!existsSync(path)) return { channels: [] }
  let given: unknown
  try {
    given = JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw new ChannelsError('bad_settings', `${path} cannot be read as JSON; see docs/channels.md`, { cause })
  }
  return channelsFrom(given, path)
}

/** Settings from plain data. Throws `bad_settings` with every fault. */
export function channelsFrom(given: unknown, name = 'channels'): ChannelsFile {
  const checked = checkSchema(ChannelsFile, given)
  if (checked.ok) return checked.value
  const parsed = ChannelsFile.safeParse(given)
  const all = parsed.success ? [] : faults(parsed.error, given)
  throw new ChannelsError('bad_settings', `${name}: ${all.join('; ')}. See docs/channels.md`)
}
