/** How a channel shares its instruments; decides what sessions its instruments get. */
export type SharingForm = 'hours' | 'samples' | 'compute' | 'shifts' | 'agency'

/** One channel of the survey with what the survey quotes of it; quoted figures are claims, never checked facts. */
export interface SurveyChannel {
  readonly id: string
  readonly en: string
  readonly zh: string
  readonly form: SharingForm
  /** The survey's own words, for the column beside the computed figures. */
  readonly quoted: string
  /** Two-level universities have a school level and a college level. */
  readonly twoLevels?: true
  /** Lists instruments that other channels own: they are counted once. */
  readonly lists?: 'everything' | 'some'
  /** Its web page answers nothing. */
  readonly deadPage?: true
}

/** Source: the South China survey's 18 channels, as in the project's scenario file `south-china.json`. */
export const surveyChannels: readonly SurveyChannel[] = [
  {
    id: 'gd-province',
    en: 'Guangdong provincial network',
    zh: '广东省科研仪器网络管理平台',
    form: 'hours',
    quoted: '9,900 sets; 14,000 enterprises served',
    lists: 'everything',
  },
  {
    id: 'yuekehui',
    en: 'Yuekehui',
    zh: '粤科汇',
    form: 'hours',
    quoted: '2,216 sets; most connections have no content',
    lists: 'some',
    deadPage: true,
  },
  {
    id: 'ran-sheng',
    en: 'Ran Sheng instrument sharing',
    zh: '冉盛',
    form: 'hours',
    quoted: 'no figure',
    lists: 'some',
  },
  {
    id: 'gz-service',
    en: 'Guangzhou public service platform',
    zh: '广州科技资源公共服务平台',
    form: 'hours',
    quoted: '4,731 sets',
    lists: 'some',
  },
  {
    id: 'shuangchuanghui',
    en: 'Southern Shuangchuanghui',
    zh: '南方双创汇',
    form: 'samples',
    quoted: 'no figure',
    lists: 'some',
  },
  {
    id: 'gdas',
    en: 'Guangdong Academy of Sciences, analysis centre',
    zh: '广东省科学院 广州分析测试中心',
    form: 'samples',
    quoted: '266 sets; 18 services; 15 laboratories',
  },
  {
    id: 'gibh-common',
    en: 'GIBH common instrument centre',
    zh: '中科院广州生物院 公共仪器中心',
    form: 'hours',
    quoted: 'opened 2006',
  },
  {
    id: 'gz-regional',
    en: 'CAS Guangzhou regional centre',
    zh: '中科院广州大型科学仪器区域中心',
    form: 'hours',
    quoted: '6 members',
  },
  {
    id: 'gz-supercomputing',
    en: 'Supercomputing Guangzhou branch',
    zh: '超级计算广州分中心',
    form: 'compute',
    quoted: 'joined the grid 2014-11',
  },
  {
    id: 'siat',
    en: 'SIAT technology platform',
    zh: '中科院深圳先进院 技术平台',
    form: 'hours',
    quoted: 'no figure',
  },
  {
    id: 'idsse',
    en: 'Institute of deep-sea science and engineering',
    zh: '中科院深海所',
    form: 'hours',
    quoted: 'paid services',
  },
  {
    id: 'ihep',
    en: 'China Spallation Neutron Source',
    zh: '中科院高能所 散裂中子源',
    form: 'shifts',
    quoted: 'beam time',
  },
  {
    id: 'sysu',
    en: 'Sun Yat-sen University',
    zh: '中山大学',
    form: 'hours',
    quoted: 'over 100 million yuan at school level',
    twoLevels: true,
  },
  {
    id: 'sysu-compute',
    en: 'Galaxy II supercomputer',
    zh: '银河二号',
    form: 'compute',
    quoted: 'approved requests',
  },
  {
    id: 'scut',
    en: 'South China University of Technology',
    zh: '华南理工大学',
    form: 'hours',
    quoted: '472 sets',
  },
  {
    id: 'jnu',
    en: 'Jinan University experimental technology centre',
    zh: '暨南大学 实验技术中心',
    form: 'hours',
    quoted: '30 kinds',
  },
  {
    id: 'instrument-giant',
    en: "Agency 'instrument giant'",
    zh: '中国科学器材 仪器大咖',
    form: 'agency',
    quoted: 'no figure',
    lists: 'some',
  },
]

/** The 232 instruments that the survey quotes with 1,355 start-up hours a year and over 40 % sharing. */
export const regionalNetwork: SurveyChannel = {
  id: 'gz-network',
  en: 'Guangzhou regional collaborative network',
  zh: '广州地区科学仪器协作共用网',
  form: 'hours',
  quoted: '232 sets; 1,355 start-up h a set; sharing over 40 %; page invalid',
  deadPage: true,
}
