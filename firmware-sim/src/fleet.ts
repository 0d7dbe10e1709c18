import {
  type GatewayConfig,
  GatewayConfig as Config,
  GatewayId,
  HOUR,
  InstrumentId,
  OrganisationId,
  type RecordBody,
  SiteId,
  Source,
} from '@hours/protocol'
import { type SimInstrument, settingsOf } from './instrument.ts'
import { type Kind, type KindId, kinds, queued } from './kinds.ts'

/** A simulated installation: its instruments and the organisations that manage them. */
export interface Fleet {
  readonly instruments: readonly SimInstrument[]
  readonly organisations: readonly Omit<RecordBody<'organisation'>, 'from'>[]
}

type Line = readonly [
  site: string,
  gateway: string,
  id: string,
  unit: string,
  kind: Kind,
  speaks: 'tasmota' | 'shelly' | 'shelly-gen1' | 'zigbee2mqtt',
  busy: number,
  zh: string,
]

/** Two entities of the South China survey: a shared centre inside an institute, and a two-level university. */
const demoLines: readonly Line[] = [
  ['gz-gibh', 'gibh-em', 'sem-01', 'gibh-common', kinds.sem, 'tasmota', 1, '场发射扫描电镜'],
  ['gz-gibh', 'gibh-em', 'tem-01', 'gibh-common', kinds.tem, 'shelly', 0.9, '冷冻透射电镜'],
  ['gz-gibh', 'gibh-em', 'confocal-01', 'gibh-common', kinds.confocal, 'zigbee2mqtt', 1.1, '激光共聚焦 LSM'],
  ['gz-gibh', 'gibh-omics', 'ms-01', 'gibh-common', kinds.ms, 'tasmota', 1, '高分辨质谱'],
  ['gz-gibh', 'gibh-omics', 'seq-01', 'gibh-common', queued.sequencer, 'shelly', 1, '高通量测序仪'],
  ['gz-gibh', 'gibh-omics', 'nmr-01', 'gibh-common', queued.nmr, 'tasmota', 0.9, '600 兆核磁'],
  ['gz-sysu', 'sysu-centre', 'nmr-02', 'sysu-centre', kinds.nmr, 'shelly', 1.1, '校级测试中心核磁'],
  ['gz-sysu', 'sysu-centre', 'xrd-01', 'sysu-centre', kinds.xrd, 'tasmota', 1, '粉末衍射仪'],
  ['gz-sysu', 'sysu-centre', 'sem-02', 'sysu-centre', kinds.sem, 'shelly', 0.9, '环境扫描电镜'],
  ['gz-sysu', 'sysu-centre', 'ms-02', 'sysu-centre', kinds.ms, 'zigbee2mqtt', 0.8, '气相色谱质谱'],
  ['gz-sysu', 'sysu-chem', 'furnace-01', 'sysu-chem', kinds.furnace, 'shelly-gen1', 1, '管式高温炉'],
  ['gz-sysu', 'sysu-chem', 'xrd-02', 'sysu-chem', kinds.xrd, 'tasmota', 0.6, '单晶衍射仪'],
  ['gz-sysu', 'sysu-chem', 'compute-01', 'sysu-chem', queued.compute, 'tasmota', 0.7, '化学院计算节点'],
  ['gz-sysu', 'sysu-chem', 'confocal-02', 'sysu-chem', kinds.confocal, 'shelly', 0.5, '拉曼共聚焦'],
]

/** An organisation of a simulated installation; zones come from the top. */
export const simOrganisation = (
  id: string,
  parent: string | null,
  kind: 'province' | 'city' | 'entity' | 'unit',
  en: string,
  zh: string,
  flags?: { sme?: boolean; hkMacaoForeign?: boolean },
) => ({
  id: OrganisationId.parse(id),
  parent: parent === null ? null : OrganisationId.parse(parent),
  kind,
  names: { en, zh },
  ...(kind === 'province' || parent === null ? { zone: 'Asia/Shanghai' } : {}),
  ...(flags ? { flags } : {}),
})

const demoOrganisations = [
  simOrganisation('guangdong', null, 'province', 'Guangdong Province', '广东省'),
  simOrganisation('guangzhou', 'guangdong', 'city', 'Guangzhou', '广州市'),
  simOrganisation(
    'gibh',
    'guangzhou',
    'entity',
    'Guangzhou Institutes of Biomedicine and Health',
    '广州生物院',
  ),
  simOrganisation('gibh-common', 'gibh', 'unit', 'Common instrument centre', '公共仪器中心'),
  simOrganisation('gibh-stem', 'gibh', 'unit', 'Stem cell institute', '干细胞研究所'),
  simOrganisation('sysu', 'guangzhou', 'entity', 'Sun Yat-sen University', '中山大学'),
  simOrganisation(
    'sysu-centre',
    'sysu',
    'unit',
    'Instrumental analysis centre (school level)',
    '校级测试中心',
  ),
  simOrganisation('sysu-chem', 'sysu', 'unit', 'School of Chemistry (college level)', '化学学院'),
  simOrganisation('sysu-life', 'sysu', 'unit', 'School of Life Sciences', '生命科学学院'),
  simOrganisation('kanghe-bio', 'guangzhou', 'entity', 'Kanghe Biotech Ltd', '康和生物', { sme: true }),
  simOrganisation('nanyue-materials', 'guangzhou', 'entity', 'Nanyue Materials Ltd', '南粤新材料', {
    sme: true,
  }),
  simOrganisation('hk-lab', 'guangdong', 'entity', 'A Hong Kong laboratory', '香港实验室', {
    hkMacaoForeign: true,
  }),
]

export const demoFleet = (seed: number): Fleet => ({
  instruments: demoLines.map((line) => instrumentOf(line, seed)),
  organisations: demoOrganisations,
})

/** As many instruments as asked for, `perGateway` behind each gateway: load and fault tests. */
export function gridFleet(options: {
  seed: number
  gateways: number
  perGateway: number
  site?: string
}): Fleet {
  const order: KindId[] = ['sem', 'nmr', 'ms', 'xrd', 'furnace', 'sequencer', 'confocal', 'compute', 'tem']
  const words = ['tasmota', 'shelly', 'zigbee2mqtt', 'shelly-gen1'] as const
  const instruments: SimInstrument[] = []
  for (let g = 0; g < options.gateways; g++)
    for (let i = 0; i < options.perGateway; i++) {
      const n = g * options.perGateway + i
      const kind = order[n % order.length] ?? 'sem'
      instruments.push(
        instrumentOf(
          [
            options.site ?? 'gz-grid',
            `gw-${String(g).padStart(4, '0')}`,
            `${kind}-${String(n).padStart(5, '0')}`,
            'grid-unit',
            kinds[kind],
            words[n % words.length] ?? 'tasmota',
            1,
            `模拟仪器 ${n}`,
          ],
          options.seed,
        ),
      )
    }
  return {
    instruments,
    organisations: [
      simOrganisation('grid-entity', null, 'entity', 'Grid of simulated instruments', '模拟仪器群'),
      simOrganisation('grid-unit', 'grid-entity', 'unit', 'Unit', '部门'),
    ],
  }
}

const instrumentOf = ([site, gateway, id, unit, kind, speaks, busy, zh]: Line, seed: number): SimInstrument =>
  createSimInstrument({ site, gateway, id, unit, kind, speaks, busy, zh, seed })

/** One instrument with a plug of its own; throws on ids that the wire would refuse. */
export function createSimInstrument({
  site,
  gateway,
  id,
  unit,
  kind,
  speaks,
  busy,
  zh,
  seed,
}: {
  readonly site: string
  readonly gateway: string
  readonly id: string
  readonly unit: string
  readonly kind: Kind
  readonly speaks: Line[5]
  /** Scales how often it is used; 1 = as its kind. */
  readonly busy: number
  readonly zh: string
  readonly seed: number
}): SimInstrument {
  const topic = speaks === 'zigbee2mqtt' ? `lab/${site}-${id}` : `${speaks}-${site}-${id}`
  return {
    site: SiteId.parse(site),
    gateway: GatewayId.parse(gateway),
    id: InstrumentId.parse(id),
    unit: OrganisationId.parse(unit),
    kind,
    names: { en: `${kind.names.en ?? id} ${id.slice(id.lastIndexOf('-') + 1)}`, zh },
    source: Source.parse({ kind: speaks, topic, ...(speaks === 'tasmota' ? { zone: 'Asia/Shanghai' } : {}) }),
    zone: 'Asia/Shanghai',
    offsetMs: 8 * HOUR,
    busy,
    seed,
  }
}

/** The configuration of each gateway of a fleet, as its YAML file would have it. */
export function gatewayConfigs(
  fleet: Fleet,
  options: {
    brokerUrl: string
    localUrl?: string
    data: (gateway: string) => string
    sampleMs: number
    pageMs: number
  },
): GatewayConfig[] {
  const ids = [...new Set(fleet.instruments.map((one) => one.gateway))]
  return ids.map((gateway) => {
    const own = fleet.instruments.filter((one) => one.gateway === gateway)
    return Config.parse({
      site: own[0]?.site,
      gateway,
      broker: { url: options.brokerUrl },
      ...(options.localUrl ? { local: { url: options.localUrl } } : {}),
      data: options.data(gateway),
      pageMs: options.pageMs,
      clock: 'sim',
      instruments: own.map((one) => settingsOf(one, options.sampleMs)),
    })
  })
}
