import { z } from 'zod'
import { InstrumentId } from './ids.ts'
import { Duration, Power } from './units.ts'

const Zone = z.string().max(64).describe('IANA zone of local times without offset')
const TopicText = z.string().min(1).max(200)
const Host = z.string().min(1).max(253)
const Port = z.int().min(1).max(65_535)
const Name = z.string().min(1).max(400)
/** One level of a topic (Sparkplug B 3.0, 4.1). */
const SparkplugId = z
  .string()
  .max(200)
  .regex(/^[^/+#]+$/, 'without /, + and #')

/** What a closed contact says. */
const ContactMeans = z.enum(['run', 'powered', 'fault'])

/** Where readings come from (wire.md, section 5); `kind` picks the decoder. A source can only be read. */
export const Source = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('tasmota'),
    /** The device's %topic%, such as `pow1`; a full topic with `/` is matched as it is. */
    topic: TopicText,
    /** 1-based phase or channel of an array; absent = sum of all. */
    channel: z.int().min(1).max(8).optional(),
    zone: Zone.optional(),
    /** Dry contacts at its inputs: what each says when it is ON, by the key of the message (`Switch1`). */
    inputs: z
      .record(z.string().regex(/^Switch\d{1,2}$/, 'such as Switch1'), ContactMeans)
      .refine((inputs) => Object.keys(inputs).length <= 8, 'at most 8 inputs')
      .optional(),
  }),
  z.strictObject({
    kind: z.literal('shelly'),
    /** The MQTT prefix, such as `shellyplusplugs-80646fd031f8`. */
    topic: TopicText,
    component: z
      .string()
      .regex(/^(switch|pm1|em1|em|input):\d{1,2}$/, 'such as switch:0, pm1:0, em1:0, em:0 or input:0')
      .default('switch:0'),
    /** What a closed `input:N` says (default run). */
    means: ContactMeans.optional(),
  }),
  z.strictObject({
    kind: z.literal('shelly-gen1'),
    /** The device's id below `shellies/`. */
    topic: TopicText,
    channel: z.int().min(0).max(7).default(0),
  }),
  z.strictObject({
    kind: z.literal('zigbee2mqtt'),
    /** The friendly name below `zigbee2mqtt/`; may contain `/`. */
    topic: TopicText,
    base: TopicText.default('zigbee2mqtt'),
    /** Suffix of a multi-channel device, such as `l1`. */
    channel: z.string().regex(/^l\d$/).optional(),
  }),
  z.strictObject({
    kind: z.literal('modbus-tcp'),
    host: Host,
    port: Port.default(502),
    unit: z.int().min(1).max(247).default(1),
    meter: z.string().max(40),
    everyMs: z.int().min(200).max(600_000).default(1_000),
  }),
  z.strictObject({
    kind: z.literal('modbus-rtu'),
    path: Name,
    baud: z.int().min(300).max(115_200).default(9_600),
    unit: z.int().min(1).max(247).default(1),
    meter: z.string().max(40),
    everyMs: z.int().min(200).max(600_000).default(1_000),
  }),
  z.strictObject({
    kind: z.literal('gpio'),
    chip: Name.default('/dev/gpiochip0'),
    line: z.int().min(0).max(1_023),
    activeLow: z.boolean().default(false),
    means: ContactMeans.default('run'),
    everyMs: z.int().min(100).max(60_000).default(1_000),
  }),
  z.strictObject({
    kind: z.literal('http-push'),
    /** Name in the path `/push/{name}`; the token is in the environment variable named here. */
    name: z.string().regex(/^[a-z0-9-]{1,40}$/),
    tokenEnv: z.string().regex(/^[A-Z0-9_]{1,60}$/),
  }),
  z.strictObject({
    kind: z.literal('opcua'),
    endpoint: Name,
    /** NodeIds of what the server has; at least one of them. */
    stateNode: Name.optional(),
    powerNode: Name.optional(),
    onTimeNode: Name.optional(),
    runTimeNode: Name.optional(),
    profile: z.enum(['lads', 'machinery']).default('machinery'),
    everyMs: z.int().min(200).max(600_000).default(1_000),
  }),
  z.strictObject({
    kind: z.literal('sparkplug'),
    group: SparkplugId,
    node: SparkplugId,
    device: SparkplugId,
    powerMetric: Name.default('power'),
    stateMetric: Name.optional(),
    /** Ask the node for its birth where messages were lost: the one command there is, at most one a minute. */
    rebirth: z.boolean().optional(),
  }),
  z.strictObject({
    kind: z.literal('mtconnect'),
    url: Name,
    device: Name.optional(),
    everyMs: z.int().min(500).max(600_000).default(2_000),
  }),
])
export type Source = z.infer<typeof Source>

/** When a reading means *powered* and when *run*; separate start and stop levels, mW (domain.md, section 4.2). */
export const Thresholds = z
  .strictObject({
    /** At or above this for a dwell: powered. */
    onStartMw: Power,
    /** Below this for a dwell: off. */
    onStopMw: Power,
    runStartMw: Power,
    runStopMw: Power,
  })
  .refine((t) => t.onStopMw <= t.onStartMw, { path: ['onStopMw'], message: 'must not be above onStartMw' })
  .refine((t) => t.runStopMw <= t.runStartMw, {
    path: ['runStopMw'],
    message: 'must not be above runStartMw',
  })
  .refine((t) => t.onStartMw <= t.runStartMw, {
    path: ['runStartMw'],
    message: 'must not be below onStartMw',
  })
export type Thresholds = z.infer<typeof Thresholds>

/** A page is sealed at most this long after its end (records.md, section 4): no dwell, hold or gap may be longer. */
export const maxSealMs = 600_000

/** How one instrument is sensed: part of the gateway's YAML (first thresholds) and of the `config` record (in force). */
export const InstrumentSettings = z.strictObject({
  id: InstrumentId,
  source: Source,
  /** Further sources on the same instrument, and how they are combined with `source` (never summed). */
  others: z.array(Source).max(4).optional(),
  combine: z.enum(['primary', 'any', 'all']).default('primary'),
  thresholds: Thresholds,
  /** A change counts when it has held this long (default 30 s). */
  dwellMs: Duration.max(maxSealMs).default(30_000),
  /** A dip out of run shorter than this stays run; default = dwellMs. */
  holdMs: Duration.max(maxSealMs).optional(),
  /** Two samples further apart leave unknown; default three sampling intervals, at least 30 s. */
  maxGapMs: Duration.min(1).max(maxSealMs).default(90_000),
  /** Readings outside are refused as implausible, mW. */
  plausibleMw: z.tuple([Power, Power]).default([-1_000_000, 1_000_000_000]),
})
export type InstrumentSettings = z.infer<typeof InstrumentSettings>
