import type { InstrumentEntry } from '../ports.ts'
import { configOf, withInstrument, withoutInstrument } from '../setup/gateway-config.ts'
import type { Telling } from './registrar.ts'

/** An instrument that has changed its gateway takes along how it is sensed, where that is on record. */
export async function followGateway(
  before: InstrumentEntry,
  { site, enrolment: { gateway, instrument } }: InstrumentEntry,
  { reach, now, write }: Telling,
): Promise<void> {
  const old = before.enrolment.gateway
  if (old === gateway) return
  const settings = configOf(reach.seen, site, old)?.instruments.filter(({ id }) => id === instrument) ?? []
  if (reach.ownsGateway(old))
    await write(also(withoutInstrument(reach.seen, { site, gateway: old, instrument }, reach, now)))
  if (settings.length > 0 && reach.ownsGateway(gateway) && configOf(reach.seen, site, gateway))
    await write(also([withInstrument(reach.seen, { site, gateway, settings }, reach, now)]))
}

/** What an instrument that has ended is measured by no more. */
export async function leaveGateway(
  { site, enrolment: { gateway, instrument, to } }: InstrumentEntry,
  { reach, now, write }: Telling,
): Promise<void> {
  if (to === undefined || to > now || !reach.ownsGateway(gateway)) return
  await write(also(withoutInstrument(reach.seen, { site, gateway, instrument }, reach, now)))
}

const also = (items: ReturnType<typeof withoutInstrument>) => ({ ok: true, fate: 'changed', items }) as const
