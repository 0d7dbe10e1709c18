import { z } from 'zod'
import { checkSchema, type Decoded, decodeJson } from './decoded.ts'
import { Count, Digest, Instant } from './units.ts'

/** The longest statement that is read: figures of 10,000 instruments. */
export const maxStatementBytes = 256 * 1024 * 1024

const Number = z.number().nullable()
const Text = z.string().max(200)

/** A figure as a report states it: ms, fractions, counts or fen as its unit says; the KPI names of domain.md in camelCase. */
const StatedFigure = z.strictObject({
  of: Text,
  kpi: z.string().max(60),
  unit: z.enum(['ms', 'share', 'count', 'fen']),
  value: Number,
  lower: Number,
  upper: Number,
  denominator: z.string().max(60).nullable(),
  coverage: Number,
  grade: z.string().max(20).nullable(),
})

const Sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, 'SHA-256 as 64 hex digits')

/**
 * What the report key signs (evidence.md, section 6): an in-toto Statement v1 whose subjects are all files of the bundle
 * and whose predicate says the figures, and of what log, records and rules they are.
 */
export const ReportStatement = z.strictObject({
  _type: z.literal('https://in-toto.io/Statement/v1'),
  subject: z.array(
    z.strictObject({ name: z.string().max(300), digest: z.strictObject({ sha256: Sha256Hex }) }),
  ),
  predicateType: z.literal('hours-report/v1'),
  predicate: z.strictObject({
    scope: Text,
    period: z.string().max(40),
    zone: z.string().max(64),
    /** The instant as of which organisations and enrolments are those in force. */
    at: Instant,
    /** By the last `close` of this scope and period; null = never closed. */
    revision: Count.nullable(),
    ruleset: z.strictObject({ id: Text, version: Text, sha256: Sha256Hex }),
    /**
     * Which figures there are and what they mean; absent = the first, which had the quota of the class whatever the rule set
     * says. The third has shifts, turnaround and achievements; since the fourth an instrument with its parts is one set.
     */
    edition: z.literal([2, 3, 4]).optional(),
    logs: z.array(z.strictObject({ origin: Text, size: Count, root: z.string().max(64) })).max(100),
    /** Where each stream of records ends: nothing after it was counted. */
    streams: z
      .array(z.strictObject({ stream: z.string().max(40), next: Count, last: Digest.nullable() }))
      .max(1_000),
    figures: z.array(StatedFigure),
    software: Text,
    simulated: z.boolean(),
  }),
})
export type ReportStatement = z.infer<typeof ReportStatement>

/** Reads a statement out of a payload that is parsed already. */
export const readReportStatement = (data: unknown): Decoded<ReportStatement> =>
  checkSchema(ReportStatement, data)

export const decodeReportStatement = (payload: Uint8Array): Decoded<ReportStatement> =>
  decodeJson(ReportStatement, payload, maxStatementBytes)

/** Names of the files of a bundle; days are UTC dates of the pages' begins. */
export const bundleFiles = {
  statement: 'statement.jws',
  figures: 'figures.csv',
  policy: 'policy',
  ruleset: 'ruleset.json',
  readme: 'README.txt',
  checkpoint: (year: number) => `logs/${year}/checkpoint`,
  proof: (year: number) => `logs/${year}/proof`,
  consistency: (year: number, size: number) => `logs/${year}/consistency/${size}`,
  pages: (gateway: string, day: string) => `gateways/${gateway}/${day}.jwsl`,
  records: (stream: string) => `records/${stream}.jwsl`,
  /** Beside every `.jwsl`: where each of its lines stands in the logs, `year/index`. */
  positions: (lines: string) => `${lines}.positions`,
} as const

/** The stream that openings and `time` records are shown in; they have none of their own. */
export const logStream = 'log'
