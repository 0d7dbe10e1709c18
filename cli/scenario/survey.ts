/** How a channel shares its instruments; decides what sessions its instruments get. */
export type SharingForm = 'hours' | 'samples' | 'compute' | 'shifts'

/** Where the figure beside a quoted one comes from: a KPI of `GET /figures`, how many kinds it names, or the probes. */
export type Computed = { readonly kpi: string } | { readonly of: 'kinds' | 'page' }

/** One statement of the survey, and what stands beside it; `not` says why nothing can. */
export type Quoted = { readonly what: string; readonly says: string } & (Computed | { readonly not: string })

/** One channel of the survey with what the survey quotes of it; quoted figures are claims, never checked facts. */
export interface SurveyChannel {
  readonly id: string
  readonly en: string
  readonly zh: string
  readonly form: SharingForm
  readonly quoted: readonly Quoted[]
  /** Two-level universities have a school level and a college level. */
  readonly twoLevels?: true
  /** Lists instruments that other channels own: they are counted once. */
  readonly lists?: 'everything' | 'some'
  /** What its booking page answers instead of a page, and who has to answer for that. */
  readonly page?: { readonly answers: 'gone' | 'empty'; readonly owner: string }
  /** Use is asked for on paper and approved by the unit. */
  readonly approves?: true
  /** It brings users to instruments of others: a channel of their sessions, never who benefits. */
  readonly brokers?: true
  /** The same session reaches it through another channel too. */
  readonly alsoThrough?: string
}

const sets = (says: string): Quoted => ({ what: 'sets', says, kpi: 'sets' })
const noStatement = 'nothing that is measured or written down of use'

/** Source: the South China survey's 18 channels, as in the project's scenario file `south-china.json`. */
export const surveyChannels: readonly SurveyChannel[] = [
  {
    id: 'gd-province',
    en: 'Guangdong provincial network',
    zh: '广东省科研仪器网络管理平台',
    form: 'hours',
    quoted: [
      sets('9,900'),
      { what: 'worth', says: '1.3 billion yuan', not: 'worths of made-up instruments say nothing' },
      { what: 'enterprises served', says: '14,000', kpi: 'smesServed' },
      { what: 'vouchers', says: 'given', kpi: 'voucherFen' },
      { what: 'subsidies', says: 'given', kpi: 'subsidyFen' },
    ],
    lists: 'everything',
  },
  {
    id: 'yuekehui',
    en: 'Yuekehui',
    zh: '粤科汇',
    form: 'hours',
    quoted: [
      sets('2,216'),
      { what: 'professionals', says: 'over 100', not: noStatement },
      { what: 'page', says: 'most connections have no content', of: 'page' },
    ],
    lists: 'some',
    page: { answers: 'empty', owner: 'Guangdong science and technology infrastructure centre' },
  },
  {
    id: 'ran-sheng',
    en: 'Ran Sheng instrument sharing',
    zh: '冉盛',
    form: 'hours',
    quoted: [],
    lists: 'some',
  },
  {
    id: 'gz-service',
    en: 'Guangzhou public service platform',
    zh: '广州科技资源公共服务平台',
    form: 'hours',
    quoted: [sets('4,731'), { what: 'open use', says: 'scheduled on-instrument use', kpi: 'openUse' }],
    lists: 'some',
  },
  {
    id: 'shuangchuanghui',
    en: 'Southern Shuangchuanghui',
    zh: '南方双创汇',
    form: 'samples',
    quoted: [],
    lists: 'some',
  },
  {
    id: 'gdas',
    en: 'Guangdong Academy of Sciences, analysis centre',
    zh: '广东省科学院 广州分析测试中心',
    form: 'samples',
    quoted: [
      sets('266'),
      { what: 'services', says: '18', not: noStatement },
      { what: 'laboratories', says: '15', not: 'the scenario plays one' },
      { what: 'samples', says: 'sample sending', kpi: 'samples' },
    ],
  },
  {
    id: 'gibh-common',
    en: 'GIBH common instrument centre',
    zh: '中科院广州生物院 公共仪器中心',
    form: 'hours',
    quoted: [{ what: 'opened', says: '2006-11-29', not: noStatement }],
  },
  {
    id: 'gz-regional',
    en: 'CAS Guangzhou regional centre',
    zh: '中科院广州大型科学仪器区域中心',
    form: 'hours',
    quoted: [{ what: 'members', says: '6', not: 'the scenario plays one' }],
  },
  {
    id: 'gz-supercomputing',
    en: 'Supercomputing Guangzhou branch',
    zh: '超级计算广州分中心',
    form: 'compute',
    quoted: [
      { what: 'joined the grid', says: '2014-11', not: noStatement },
      { what: 'core-hours', says: 'computing time', kpi: 'coreMs' },
    ],
  },
  {
    id: 'siat',
    en: 'SIAT technology platform',
    zh: '中科院深圳先进院 技术平台',
    form: 'hours',
    quoted: [],
    alsoThrough: 'yuekehui',
  },
  {
    id: 'idsse',
    en: 'Institute of deep-sea science and engineering',
    zh: '中科院深海所',
    form: 'hours',
    quoted: [{ what: 'income', says: 'paid services', kpi: 'incomeOutsideFen' }],
  },
  {
    id: 'ihep',
    en: 'China Spallation Neutron Source',
    zh: '中科院高能所 散裂中子源',
    form: 'shifts',
    quoted: [{ what: 'shifts', says: 'beam time', kpi: 'shifts' }],
  },
  {
    id: 'sysu',
    en: 'Sun Yat-sen University',
    zh: '中山大学',
    form: 'hours',
    quoted: [
      { what: 'worth', says: 'over 100 million yuan', not: 'worths of made-up instruments say nothing' },
    ],
    twoLevels: true,
  },
  {
    id: 'sysu-compute',
    en: 'Galaxy II supercomputer',
    zh: '银河二号',
    form: 'compute',
    quoted: [{ what: 'core-hours', says: 'approved requests', kpi: 'coreMs' }],
    approves: true,
  },
  {
    id: 'scut',
    en: 'South China University of Technology',
    zh: '华南理工大学',
    form: 'hours',
    quoted: [sets('472'), { what: 'page', says: 'convenient', of: 'page' }],
  },
  {
    id: 'jnu',
    en: 'Jinan University experimental technology centre',
    zh: '暨南大学 实验技术中心',
    form: 'hours',
    quoted: [{ what: 'kinds', says: '30', of: 'kinds' }],
  },
  {
    id: 'instrument-giant',
    en: "Agency 'instrument giant'",
    zh: '中国科学器材 仪器大咖',
    form: 'hours',
    quoted: [],
    lists: 'some',
    brokers: true,
  },
]

/** The 232 instruments that the survey quotes with 1,355 start-up hours a year and over 40 % sharing. */
export const regionalNetwork: SurveyChannel = {
  id: 'gz-network',
  en: 'Guangzhou regional collaborative network',
  zh: '广州地区科学仪器协作共用网',
  form: 'hours',
  quoted: [
    sets('232'),
    { what: 'start-up h a set', says: '1,355', kpi: 'meanOnPerSet' },
    { what: 'sharing rate', says: 'over 40 %', kpi: 'shareHours' },
    { what: 'subjects', says: '7,529', kpi: 'projects' },
    { what: 'samples', says: '930,000', kpi: 'samples' },
    { what: 'page', says: 'the current page is invalid', of: 'page' },
  ],
  page: { answers: 'gone', owner: 'Guangzhou regional collaborative network' },
}
