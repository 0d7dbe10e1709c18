import { chance, hash, type SimInstrument, stretchesOf } from '@hours/firmware-sim'
import type { RecordItem } from '@hours/ingest'
import type { RecordBody, RecordKind } from '@hours/protocol'
import type { ChannelFleet } from './fleet.ts'

const item = (kind: RecordKind, stream: string, body: object): RecordItem =>
  ({ kind, stream, body }) as unknown as RecordItem

/** Of the run time, by whom it is asked for; the rest nobody has written down. */
const shares = { external: 0.5, sameEntity: 0.27, ownUnit: 0.2 } as const

/**
 * What people wrote down of the runs in [from, to): one session a run, from a little before to a little after, as
 * bookings are. Who used it is drawn; how long it ran is left to the sensors.
 */
export function sessionRecords(part: ChannelFleet, from: number, to: number): RecordItem[] {
  return part.instruments.flatMap((one) =>
    stretchesOf(one, from, to)
      .filter(({ state, from: begin }) => state === 'run' && begin > from)
      .flatMap((run) => recordsOfRun(part, one, run)),
  )
}

function recordsOfRun(
  part: ChannelFleet,
  one: SimInstrument,
  run: { readonly from: number; readonly to: number },
): RecordItem[] {
  const key = `${one.site}/${one.id}`
  const beneficiary = beneficiaryOf(part, one, chance(one.seed, key, run.from, 'who'))
  if (beneficiary === undefined) return []
  const id = `${one.id}-${run.from}`
  const user = `p-${hash(beneficiary, Math.floor(chance(key, run.from, 'person') * 9)).toString(16)}`
  const asked = { from: run.from - 10 * 60_000, to: run.to + 10 * 60_000 }
  const common = { instrument: one.id, actor: 'scenario' }
  const { form } = part.channel
  if (form === 'compute') {
    const coreMs = Math.round((run.to - run.from) * 64)
    return [item('compute', one.site, { ...common, id, ...asked, beneficiary, user, coreMs, jobs: 3 })]
  }
  const samples = 1 + (hash(key, run.from, 'samples') % 12)
  const session: RecordBody<'session'> = {
    ...common,
    ...asked,
    id,
    externalIds: [],
    beneficiary: beneficiary as RecordBody<'session'>['beneficiary'],
    user,
    purpose: part.outside.includes(beneficiary)
      ? 'service'
      : chance(key, run.from, 'why') < 0.2
        ? 'teaching'
        : 'research',
    way: form === 'samples' ? 'entrusted' : form === 'shifts' ? 'operated' : 'self',
    samples,
  }
  const fen = Math.round(((run.to - run.from) / 3_600_000) * 30_000)
  const charge = { ...common, id: `c-${id}`, session: id, at: run.to, fen, payer: beneficiary }
  return [
    item('session', one.site, session),
    ...(part.outside.includes(beneficiary) ? [item('charge', one.site, charge)] : []),
  ]
}

function beneficiaryOf(part: ChannelFleet, one: SimInstrument, draw: number): string | undefined {
  if (draw < shares.external) {
    const count = part.outside.length
    return part.outside[Math.floor((draw / shares.external) * count) % count]
  }
  if (draw < shares.external + shares.sameEntity) return one.unit.replace(/-(lab|centre|chem)$/, '-dept')
  return draw < shares.external + shares.sameEntity + shares.ownUnit ? one.unit : undefined
}
