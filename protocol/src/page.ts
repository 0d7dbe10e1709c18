import { z } from 'zod'
import { accept, checkSchema, type Decoded, decodeJson } from './decoded.ts'
import { GatewayId, InstrumentId, SiteId } from './ids.ts'
import { isPlainPage } from './plain-page.ts'
import { KnownState } from './state.ts'
import { Count, Digest, Duration, Energy, Instant, Power } from './units.ts'

/** A page's JSON is at most this long, so that its JWS fits an entry of the log (evidence.md, section 2). */
export const maxPageBytes = 45 * 1024

/** One state over [from, to) in ms after the page's `from`. */
export const PageSpan = z.tuple([KnownState, Duration, Duration])
export type PageSpan = z.infer<typeof PageSpan>

/** What one instrument did during the page; `onMs`, `runMs`, `mwh` count over the life of the enrolment. */
export const PageInstrument = z.object({
  id: InstrumentId,
  /** Half-open, ascending, disjoint, inside the page; what they leave out is unknown. */
  spans: z.array(PageSpan).max(2_000),
  /** standby + run + fault, ms, at the page's end; never falls. */
  onMs: Duration,
  runMs: Duration,
  /** Integrated by the gateway, not the meter's own counter. */
  mwh: Energy,
  /** min, mean, max over the page; absent when there was no sample. */
  mw: z.tuple([Power, Power, Power]).optional(),
  samples: Count,
  rejected: Count,
  /**
   * There where the evidence is of a lower grade than a sensor's: `reported`, a state may come from what another system
   * tells (a Sparkplug edge node, QoS 0) and not from a sensor that this gateway reads.
   */
  evidence: z.string().max(20).optional(),
})
export type PageInstrument = z.infer<typeof PageInstrument>

/** How far the gateway trusted its clock while it wrote the page (records.md, section 4). */
export const PageClock = z.object({
  source: z.enum(['ntp', 'chrony', 'timedatectl', 'sntp', 'sim', 'none']),
  offsetMs: z.int(),
  errorMs: Duration,
  /** The step that ended the page before this one; 0 when there was none. */
  steppedMs: z.int(),
  /** How long ago the clock was last synchronised; over 24 h the page's spans must be empty. */
  unsyncedMs: Duration.optional(),
})
export type PageClock = z.infer<typeof PageClock>

/** The newest checkpoint that the gateway has verified itself. */
export const Seen = z.object({ origin: z.string().max(200), size: Count, root: z.string().max(64) })
export type Seen = z.infer<typeof Seen>

/** What the gateway still holds; `dropped` counts pages lost to a full spool since the epoch began. */
export const SpoolState = z.object({ pages: Count, oldest: Instant.nullable(), dropped: Count })
export type SpoolState = z.infer<typeof SpoolState>

/**
 * The payload of a page's JWS: one bracket [from, to) of a gateway's logbook (wire.md, section 3).
 * Topic `hours/1/{site}/{gateway}/page`, QoS 1, not retained; the message is the JWS compact, byte for byte.
 */
export const Page = z
  .object({
    v: z.literal(1),
    site: SiteId,
    gateway: GatewayId,
    epoch: Count,
    seq: Count,
    /** SHA-256 of the previous page's bytes; null for the first page of an epoch. */
    prev: Digest.nullable(),
    from: Instant,
    to: Instant,
    /** How often the machine has booted, as the gateway counts it. */
    boot: Count,
    /** ms since that boot, at `from` and at `to`. */
    mono: z.tuple([Duration, Duration]),
    clock: PageClock,
    seen: Seen.nullable(),
    spool: SpoolState,
    software: z.string().max(40),
    config: z.object({ revision: Count, sha256: z.string().max(64) }),
    instruments: z.array(PageInstrument).max(256),
  })
  .superRefine((page, context) => {
    const length = page.to - page.from
    const fault = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message })
    if (length <= 0) fault(['to'], 'must be after from')
    if (page.mono[1] < page.mono[0]) fault(['mono'], 'must not fall')
    const ids = new Set<string>()
    for (const [i, instrument] of page.instruments.entries()) {
      if (ids.has(instrument.id)) fault(['instruments', i, 'id'], 'stands twice in the page')
      ids.add(instrument.id)
      let end = 0
      for (const [k, [, from, to]] of instrument.spans.entries()) {
        if (from < end || to <= from || to > length)
          fault(['instruments', i, 'spans', k], 'spans must be ascending, disjoint and inside the page')
        end = to
      }
      if (instrument.runMs > instrument.onMs) fault(['instruments', i, 'runMs'], 'cannot exceed onMs')
    }
  })
export type Page = z.infer<typeof Page>

/** The exact text that is signed; keys in the order of the schema, no spaces. */
export const encodePage = (page: Page): string => JSON.stringify(page)

/** Reads a page's payload (the middle part of its JWS, already base64url-decoded). */
export function decodePage(bytes: Uint8Array): Decoded<Page> {
  const data = decodeJson(z.unknown(), bytes, maxPageBytes)
  return data.ok ? readPage(data.value) : data
}

/** Reads a page out of a payload that is parsed already. */
export const readPage = (data: unknown): Decoded<Page> =>
  isPlainPage(data) ? accept(data) : checkSchema(Page, data)

/** standby + run + fault and run alone, ms, inside one page's spans. */
export function pageGrowth(spans: readonly PageSpan[]): { onMs: number; runMs: number } {
  let onMs = 0
  let runMs = 0
  for (const [state, from, to] of spans) {
    if (state !== 'off') onMs += to - from
    if (state === 'run') runMs += to - from
  }
  return { onMs, runMs }
}
