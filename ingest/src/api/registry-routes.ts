import type { GatewayId, SiteId } from '@hours/protocol'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { fileText } from '../sessions/file-text.ts'
import { configOf, judgeConfig, mergedSettings } from '../setup/gateway-config.ts'
import { isSame } from '../setup/judged.ts'
import { planRegistry, type RegistryFate, registryFates, type RegistryPlan } from '../setup/plan-registry.ts'
import { readRegistry } from '../setup/read-registry.ts'
import { registryKinds } from '../setup/registry-columns.ts'
import type { ApiContext } from './context.ts'
import { fileOf, takeFiles } from './file-body.ts'
import { followGateway, leaveGateway } from './follow-gateway.ts'
import { Problem } from './problem.ts'
import type { Registrar, Telling } from './registrar.ts'
import type { Api } from './server.ts'

const Fault = z.object({ field: z.string(), value: z.string(), reason: z.string(), fix: z.string() })
const Row = z.object({
  row: z.int(),
  line: z.int(),
  about: z.string(),
  fate: z.enum(registryFates),
  changes: z.array(z.string()).readonly().optional(),
  faults: z.array(Fault).readonly().optional(),
})
const Gateway = z.object({
  site: z.string(),
  gateway: z.string(),
  revision: z.int().describe('of its configuration; 0 = only its own file says'),
  hasKey: z.boolean().describe('whether a device has come in by a code'),
  fault: Fault.nullable().describe('why its configuration was not written'),
})
const Answer = z.object({
  kind: z.enum(registryKinds),
  dryRun: z.boolean(),
  counts: z.record(z.enum(registryFates), z.int()),
  rows: z.array(Row).readonly(),
  ignored: z.array(z.string()).readonly().describe('columns that mean nothing here'),
  gateways: z.array(Gateway).describe('of the instruments of the file, once it is written'),
  simulated: z.boolean(),
})
const yes = z.enum(['0', '1', 'true', 'false']).default('0')
const url = '/api/v1/registry/imports'
/** Ten thousand instruments with all that is known of them. */
const maxFileBytes = 8 * 1024 * 1024

/** Registers as CSV: organisations, instruments, opening hours, listings; each row's fate, and a dry run before. */
export function registryRoutes(app: Api, context: ApiContext, { registrar }: { registrar: Registrar }): void {
  const { ingest } = context
  app.register((scope, _options, done) => {
    takeFiles(scope)
    ;(scope as unknown as Api).post(
      url,
      {
        bodyLimit: maxFileBytes,
        schema: {
          summary: 'a register as CSV, and the fate of each of its rows; sending it again is safe',
          consumes: ['text/csv', 'application/octet-stream'],
          querystring: z.strictObject({
            kind: z.enum(registryKinds).optional().describe('absent = by its columns'),
            dryRun: yes.describe('1 = judge every row and write nothing'),
            charset: z.string().max(40).optional().describe('utf-8 (default) or gb18030'),
          }),
          response: { 200: Answer },
          tags: ['organisations'],
        },
        config: { needs: 'enrol' },
      },
      (request) => registrar.inTurn(request, (told) => take(request, told)),
    )
    done()
  })

  async function take(request: FastifyRequest, told: Telling): Promise<z.infer<typeof Answer>> {
    const { kind, dryRun, charset } = request.query as {
      kind?: (typeof registryKinds)[number]
      dryRun: string
      charset?: string
    }
    const text = known(fileText(fileOf(request), charset))
    const file = known(readRegistry(text, kind))
    const dry = dryRun === '1' || dryRun === 'true'
    request.about = `${file.kind}${dry ? ' (dry run)' : ''}`
    const plan = await planRegistry(file, told.reach, told.now)
    const before = new Map(ingest.registry.instruments().map((one) => [one.key as string, one]))
    const faults = new Map<string, z.infer<typeof Fault>>()
    if (!dry) {
      // A unit may hang on one of the row before, which its sender has to see first.
      const parts = file.kind === 'organisation' ? plan.items.map((one) => [one]) : [plan.items]
      for (const items of parts) await told.write({ ok: true, fate: 'new', items })
      await followAll(plan.fates, before, told)
      for (const [gateway, fault] of await configure(plan, told)) faults.set(gateway, fault)
    }
    return {
      kind: file.kind,
      dryRun: dry,
      counts: countsOf(plan.fates),
      rows: plan.fates,
      ignored: file.ignored,
      gateways: dry || file.kind !== 'instrument' ? [] : gatewaysOf(plan, faults),
      simulated: ingest.simulated,
    }
  }

  /** What has moved to another gateway or has ended is measured there no more. */
  async function followAll(
    fates: readonly RegistryFate[],
    before: ReadonlyMap<string, Parameters<typeof followGateway>[0]>,
    told: Telling,
  ): Promise<void> {
    for (const { about, fate, changes = [] } of fates) {
      const old = before.get(about)
      const now = fate === 'changed' ? ingest.registry.instrument(about as never) : undefined
      if (!old || !now) continue
      if (changes.includes('gateway')) await followGateway(old, now, told)
      if (changes.includes('to')) await leaveGateway(now, told)
    }
  }

  /** The next configuration of each gateway whose instruments the file says how to sense. */
  async function configure({ sensed }: RegistryPlan, told: Telling) {
    const { reach, now, write } = told
    const faults = new Map<string, z.infer<typeof Fault>>()
    for (const [name, list] of Map.groupBy(sensed, (one) => one.gateway)) {
      const gateway = name as GatewayId
      const site = list[0]?.site as SiteId
      const config = configOf(reach.seen, site, gateway)
      const stands = config?.instruments ?? []
      const instruments = mergedSettings(
        stands,
        list.map(({ settings }) => settings),
      )
      if (isSame(stands, instruments)) continue
      const revision = config?.revision ?? 0
      const judged = judgeConfig({ site, gateway }, { revision, instruments }, reach, now)
      if (judged.ok) await write(judged)
      else if (judged.faults[0]) faults.set(gateway, judged.faults[0])
    }
    return faults
  }

  function gatewaysOf({ fates }: RegistryPlan, faults: ReadonlyMap<string, z.infer<typeof Fault>>) {
    const named = new Set(
      fates.flatMap(({ about }) => ingest.registry.instrument(about as never)?.enrolment.gateway ?? []),
    )
    return ingest.registry
      .gateways()
      .filter(({ gateway }) => named.has(gateway))
      .map(({ site, gateway, epoch, configRevision }) => ({
        ...{ site, gateway, revision: configRevision, hasKey: epoch >= 0 },
        fault: faults.get(gateway) ?? null,
      }))
  }
}

function countsOf(fates: readonly RegistryFate[]): Record<(typeof registryFates)[number], number> {
  const counts = { new: 0, same: 0, changed: 0, refused: 0 }
  for (const { fate } of fates) counts[fate] += 1
  return counts
}

function known<T>(
  decoded: { ok: true; value: T } | { ok: false; error: { code: string; message: string } },
): T {
  if (decoded.ok) return decoded.value
  throw new Problem(400, 'the file cannot be read', {
    ...{ field: 'file', value: decoded.error.code },
    fix: decoded.error.message,
  })
}
