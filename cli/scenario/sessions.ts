import { createHash } from 'node:crypto'
import { chance, hash, type SimInstrument, stretchesOf } from '@hours/firmware-sim'
import { DAY, HOUR, MINUTE, type RecordBody } from '@hours/protocol'
import type { ChannelFleet } from './fleet.ts'
import { isListed } from './memberships.ts'
import { regionalNetwork, type SurveyChannel, surveyChannels } from './survey.ts'
import { recordItem, type RecordItem } from '@hours/ingest'

/** Of the run time, by whom it is asked for; the rest nobody has written down. */
const shares = { external: 0.5, sameEntity: 0.27, ownUnit: 0.2 } as const
/** Projects of one organisation; of the network's 34 that is what the survey quotes as subjects. */
const projects = 221
/** Of all that the province lists: what a voucher and the province pay of a small enterprise's charge. The real shares were not found: these are made up. */
const grants = { voucher: 0.3, subsidy: 0.1 } as const
const yuanAnHour = 300
const shiftHours = 8

interface Use {
  readonly part: ChannelFleet
  readonly one: SimInstrument
  readonly run: { readonly from: number; readonly to: number }
  readonly id: string
  readonly beneficiary: string
  readonly user: string
  readonly isOutside: boolean
}

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

function recordsOfRun(part: ChannelFleet, one: SimInstrument, run: Use['run']): RecordItem[] {
  const key = `${one.site}/${one.id}`
  const beneficiary = beneficiaryOf(part, one, chance(one.seed, key, run.from, 'who'))
  if (beneficiary === undefined) return []
  const user = `p-${hash(beneficiary, Math.floor(chance(key, run.from, 'person') * 9)).toString(16)}`
  const use: Use = {
    ...{ part, one, run, beneficiary, user },
    id: `${one.id}-${run.from}`,
    isOutside: part.outside.includes(beneficiary),
  }
  return part.channel.form === 'compute' ? [computeOf(use)] : [sessionOf(use), ...moneyOf(use)]
}

const askedFor = ({ one, run }: Use) => ({
  instrument: one.id,
  from: run.from - 10 * MINUTE,
  to: run.to + 10 * MINUTE,
})

/** Computing time; where a unit has to approve the request, who did, when, and the hash of the paper. */
function computeOf(use: Use): RecordItem {
  const { one, run, id, beneficiary, user, part } = use
  const paper = `request ${id} of ${beneficiary}, stamped`
  const approval = {
    by: `${one.unit} office`,
    at: run.from - 2 * DAY,
    sha256: createHash('sha256').update(paper).digest('hex'),
  }
  return recordItem('compute', one.site, {
    ...askedFor(use),
    ...{ id, beneficiary, user, jobs: 3, actor: 'scenario' },
    coreMs: Math.round((run.to - run.from) * 64),
    ...(part.channel.approves ? { approval } : {}),
  })
}

function sessionOf(use: Use): RecordItem {
  const { part, one, run, id, beneficiary, user, isOutside } = use
  const key = `${one.site}/${one.id}`
  const { form } = part.channel
  const channels = toldBy(use)
  const session: RecordBody<'session'> = {
    ...askedFor(use),
    ...{ id, user },
    externalIds: channels.map((channel) => ({ channel, id })) as RecordBody<'session'>['externalIds'],
    beneficiary: beneficiary as RecordBody<'session'>['beneficiary'],
    purpose: isOutside ? 'service' : chance(key, run.from, 'why') < 0.2 ? 'teaching' : 'research',
    way: form === 'samples' ? 'entrusted' : form === 'shifts' ? 'operated' : 'self',
    project: `${beneficiary}-${Math.floor(chance(key, run.from, 'project') * projects)}`,
    samples: 1 + (hash(key, run.from, 'samples') % 27),
    ...(form === 'shifts' ? { shifts: Math.ceil((run.to - run.from) / (shiftHours * HOUR)) } : {}),
    // Whoever brought it has written it down, and is the beneficiary of nothing.
    actor: channels.find((channel) => channel === broker?.id) ?? 'scenario',
  }
  return recordItem('session', one.site, session)
}

const broker = surveyChannels.find(({ brokers }) => brokers)

/** Through which channels the session came: its own, another one beside it, or the agency that lists the instrument. */
function toldBy({ part, one, run, isOutside }: Use): string[] {
  const { id, alsoThrough }: SurveyChannel = part.channel
  if (!isOutside || part.channel === regionalNetwork) return []
  const isBrought = broker && isListed(broker, one) && chance(one.site, one.id, run.from, 'broker') < 0.5
  return isBrought ? [broker.id] : alsoThrough === undefined ? [] : [id, alsoThrough]
}

/** Whoever comes from outside pays; of what a small enterprise pays, vouchers and the province bear a part. */
function moneyOf({ part, one, run, id, beneficiary, isOutside }: Use): RecordItem[] {
  if (!isOutside) return []
  const fen = Math.round(((run.to - run.from) / HOUR) * yuanAnHour * 100)
  const money = (kind: 'charge' | 'voucher' | 'subsidy', share: number, payer?: string) =>
    recordItem(kind, one.site, {
      ...{ instrument: one.id, actor: 'scenario', id: `${kind[0]}-${id}`, session: id, at: run.to },
      fen: Math.round(fen * share),
      ...(payer === undefined ? {} : { payer }),
    })
  // The network is an installation of its own, of which the province knows nothing.
  const isGranted = part.small.includes(beneficiary) && part.channel !== regionalNetwork
  return [
    money('charge', 1, beneficiary),
    ...(isGranted ? [money('voucher', grants.voucher, beneficiary), money('subsidy', grants.subsidy)] : []),
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
