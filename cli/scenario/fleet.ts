import {
  createSimInstrument,
  type Fleet,
  type Kind,
  type KindId,
  kinds,
  type SimInstrument,
  simOrganisation,
} from '@hours/firmware-sim'
import { regionalNetwork, type SurveyChannel, surveyChannels } from './survey.ts'

/** A channel's instruments and organisations, as many as the scenario plays. */
export interface ChannelFleet extends Fleet {
  readonly channel: SurveyChannel
  /** Organisations whose instruments they are. */
  readonly owners: readonly string[]
  /** Where its outside users come from, and which of these are small enterprises. */
  readonly outside: readonly string[]
  readonly small: readonly string[]
}

const province = simOrganisation('guangdong', null, 'province', 'Guangdong', '广东省')
/** Those who use instruments of others: small companies, a Hong Kong laboratory, institutes. */
const outside = [
  simOrganisation('kanghe-bio', 'guangdong', 'entity', 'Kanghe Biotech Ltd', '康和生物', { sme: true }),
  simOrganisation('nanyue', 'guangdong', 'entity', 'Nanyue Materials Ltd', '南粤新材料', { sme: true }),
  simOrganisation('pearl-semi', 'guangdong', 'entity', 'Pearl Semiconductor Ltd', '珠江半导体'),
  simOrganisation('hk-lab', 'guangdong', 'entity', 'A Hong Kong laboratory', '香港实验室', {
    hkMacaoForeign: true,
  }),
]

const users = {
  outside: outside.map(({ id }) => id),
  small: outside.filter(({ flags }) => flags?.sme === true).map(({ id }) => id),
}

/** A working day of a network's instrument: switched on at nine, off at three, hardly ever at night. */
const officeKind = (id: KindId): Kind => ({
  ...kinds[id],
  alwaysOn: false,
  habit: { ...kinds[id].habit, day: [9, 14.97], overnight: 0, runsPerDay: [1, 3], runHours: [0.7, 2.2] },
})
const officeKinds = (['sem', 'xrd', 'confocal', 'ms'] as const).map(officeKind)

/** 232 instruments of fifteen owners behind fifteen gateways: the network that the survey quotes. */
export function regionalFleet(seed: number): ChannelFleet {
  const owners = Array.from({ length: 15 }, (_, i) => `member-${String(i + 1).padStart(2, '0')}`)
  const organisations = owners.flatMap((id, i) => [
    simOrganisation(id, 'guangdong', 'entity', `Member ${i + 1} of the network`, `协作共用网成员 ${i + 1}`),
    simOrganisation(`${id}-lab`, id, 'unit', 'Instrument laboratory', '仪器室'),
    simOrganisation(`${id}-dept`, id, 'unit', 'Research department', '研究室'),
  ])
  const instruments = Array.from({ length: 232 }, (_, n) => {
    const owner = owners[n % owners.length] ?? ''
    const kind = officeKinds[n % officeKinds.length] ?? kinds.sem
    return createSimInstrument({
      site: 'gz-network',
      gateway: `gw-${owner}`,
      id: `${kind.id}-${String(n + 1).padStart(3, '0')}`,
      unit: `${owner}-lab`,
      kind,
      speaks: 'tasmota',
      // Some are used every day, some hardly: the mean is what the survey quotes.
      busy: 0.4 + (0.6 * ((n * 7919) % 232)) / 232,
      zh: `共用仪器 ${n + 1}`,
      seed,
    })
  })
  return {
    channel: regionalNetwork,
    instruments,
    organisations: [province, ...organisations, ...outside],
    ...{ owners, ...users },
  }
}

const kindsOfForm: Readonly<Record<SurveyChannel['form'], readonly KindId[]>> = {
  hours: ['sem', 'nmr', 'ms', 'xrd', 'confocal', 'sequencer'],
  samples: ['ms', 'xrd', 'furnace', 'nmr'],
  compute: ['compute', 'compute', 'compute'],
  shifts: ['tem', 'xrd', 'furnace'],
}

/** At most six instruments of one channel that owns some. */
export function channelFleet(channel: SurveyChannel, seed: number): ChannelFleet {
  const { id } = channel
  const units = channel.twoLevels ? [`${id}-centre`, `${id}-chem`] : [`${id}-lab`]
  const organisations = [
    simOrganisation(id, 'guangdong', 'entity', channel.en, channel.zh),
    ...units.map((unit, i) =>
      simOrganisation(
        unit,
        id,
        'unit',
        channel.twoLevels ? (['School-level centre', 'College platform'][i] ?? unit) : 'Platform',
        channel.twoLevels ? (['校级测试中心', '院级平台'][i] ?? unit) : '平台',
      ),
    ),
    simOrganisation(`${id}-dept`, id, 'unit', 'Research department', '研究室'),
  ]
  const instruments = kindsOfForm[channel.form].map(
    (kindId, n): SimInstrument =>
      createSimInstrument({
        site: `s-${id}`,
        gateway: `gw-${id}`,
        id: `${kindId}-${n + 1}`,
        unit: units[n % units.length] ?? id,
        kind: kinds[kindId],
        speaks: 'shelly',
        busy: 0.8,
        zh: `${channel.zh} ${n + 1}`,
        seed,
      }),
  )
  return {
    ...{ channel, instruments, owners: [id], ...users },
    organisations: [province, ...outside, ...organisations],
  }
}

/** Every channel that owns instruments; those that only list others' add none. */
export const otherChannels = (seed: number): readonly ChannelFleet[] =>
  surveyChannels.filter(({ lists }) => lists === undefined).map((one) => channelFleet(one, seed))
