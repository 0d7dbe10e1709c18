import { z } from 'zod'
import { GatewayId, SiteId } from './ids.ts'
import { InstrumentSettings } from './instrument-settings.ts'

const Url = z.string().regex(/^(mqtts?|tcp|tls):\/\/[^\s]+$/, 'such as mqtts://hours.example.edu:8883')

const Listen = z.string().regex(/^(\[[0-9a-f:.]+\]|[^\s:[\]]+):\d{1,5}$/i, 'such as 127.0.0.1:8095')

/** The gateway's YAML file (records.md, section 3); unknown keys are refused, every fault is listed with its path. */
export const GatewayConfig = z.strictObject({
  site: SiteId,
  gateway: GatewayId,
  /** Where pages go. Plain `mqtt://` is accepted on loopback only. */
  broker: z.strictObject({
    url: Url,
    /** PEM files made on the device, for mutual TLS; the CN is the gateway id. */
    cert: z.string().optional(),
    key: z.string().optional(),
    ca: z.string().optional(),
    /** Name of the environment variable with the fallback password. */
    passwordEnv: z.string().optional(),
    /** The password itself, for generated files with mode 0600. */
    password: z.string().optional(),
  }),
  /** The local broker the plugs report to; only ever subscribed, never published to. */
  local: z
    .strictObject({ url: Url, username: z.string().optional(), password: z.string().optional() })
    .optional(),
  /** Folder of spool, keys and ring. */
  data: z.string().default('./gateway-data'),
  pageMs: z.int().min(60_000).max(900_000).default(300_000),
  checkpointMs: z.int().min(1_000).max(900_000).default(5_000),
  heartbeatMs: z.int().min(1_000).max(600_000).default(30_000),
  spool: z
    .strictObject({
      maxBytes: z.int().min(1_000_000).default(512_000_000),
      maxAgeDays: z.int().min(1).max(366).default(30),
    })
    .default({ maxBytes: 512_000_000, maxAgeDays: 30 }),
  clock: z.enum(['chrony', 'timedatectl', 'sntp', 'sim']).default('timedatectl'),
  /** Where instruments' PCs push to. Off loopback only with TLS, because a token travels with every reading. */
  push: z
    .union([
      Listen,
      z.strictObject({ listen: Listen, cert: z.string().optional(), key: z.string().optional() }),
    ])
    .optional(),
  /** vkey of the evidence log and public key of `service`, pinned at enrolment: what receipts are checked against. */
  trust: z
    .strictObject({
      logs: z.array(z.string()).min(1),
      service: z.array(z.strictObject({ kid: z.string(), public: z.string() })).min(1),
      operator: z.array(z.strictObject({ kid: z.string(), public: z.string() })).optional(),
    })
    .optional(),
  instruments: z.array(InstrumentSettings).min(1).max(256),
})
export type GatewayConfig = z.infer<typeof GatewayConfig>
