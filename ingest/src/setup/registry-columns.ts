import { type Millis, SECOND } from '@hours/protocol'
import { readTime } from '../sessions/site-time.ts'
import { plain } from '../sessions/vocabulary.ts'
import { hoursOf, datesOf } from './opening-hours-text.ts'

/** What a file of a register may hold, a row each. */
export const registryKinds = ['organisation', 'instrument', 'schedule', 'membership'] as const
export type RegistryKind = (typeof registryKinds)[number]

/** A cell as the API would have it, or why it cannot be read and what to write. */
export type Cell =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly reason: string; readonly fix: string }

export interface Column {
  /** Where it goes: a path in the body of the API, such as `names.zh`; below `settings` of how it is sensed. */
  readonly path: string
  /** What people call it, in English and Chinese. */
  readonly names: readonly string[]
  readonly read: (text: string, zone: string) => Cell
}

const good = (value: unknown): Cell => ({ ok: true, value })
const bad = (reason: string, fix: string): Cell => ({ ok: false, reason, fix })

const text = (cell: string): Cell => good(cell)

const yes = ['yes', 'y', 'true', '1', '是', '有']
const no = ['no', 'n', 'false', '0', '否', '无']
function truth(cell: string): Cell {
  const word = cell.toLowerCase()
  if (yes.includes(word)) return good(true)
  return no.includes(word) ? good(false) : bad('neither yes nor no', 'write yes or no')
}

/** A decimal number of a unit that records hold `by` of, such as yuan and fen; thousands may be grouped by commas. */
const times =
  (by: number) =>
  (cell: string): Cell => {
    const digits = cell.normalize('NFKC').replace(/^[¥￥]\s*/, '')
    return /^(\d{1,12}|\d{1,3}(,\d{3}){1,4})(\.\d{1,6})?$/.test(digits)
      ? good(Math.round(Number(digits.replaceAll(',', '')) * by))
      : bad('not a number', 'write digits with a point, such as 12.5')
  }

const whole = (cell: string): Cell =>
  /^\d{1,9}$/.test(cell) ? good(Number(cell)) : bad('not a whole number', 'write digits alone')

/** Civil dates as spreadsheets write them. */
function date(cell: string): Cell {
  const [, year, month, day] =
    /^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?$/.exec(cell.normalize('NFKC')) ?? []
  if (!year || !month || !day) return bad('not a date', 'write it as 2019-05-01')
  return good(`${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`)
}

function instant(cell: string, zone: string): Cell {
  const dated = date(cell)
  const read = readTime(dated.ok ? `${String(dated.value)} 00:00` : cell, zone)
  return read.ok ? good(read.value satisfies Millis) : bad(read.error.message, 'write it as 2026-01-01 08:00')
}

/** A word of a closed list, in either language. */
const oneOf =
  (words: Readonly<Record<string, readonly string[]>>) =>
  (cell: string): Cell => {
    const found = Object.entries(words).find(([word, names]) =>
      [word, ...names].some((one) => plain(one) === plain(cell)),
    )
    return found
      ? good(found[0])
      : bad('not one of the known words', `write one of ${Object.keys(words).join(', ')}`)
  }

const opening = (cell: string): Cell => {
  const read = hoursOf(cell)
  return read ? good(read) : bad('no opening hours', 'write 08:00-12:00 14:00-20:00, or closed')
}
const exceptions = (cell: string): Cell => {
  const read = datesOf(cell)
  return read ? good(read) : bad('no dates with hours', 'write 2026-10-01 closed; 2026-10-10 09:00-17:00')
}

const column = (path: string, read: Column['read'], ...names: string[]): Column => ({ path, names, read })

const from = column('from', instant, 'from', 'since', '起始', '起始时间', '开始时间')
const to = column('to', instant, 'to', 'until', '截止', '截止时间', '结束时间')

const weekdays = (
  [
    ['1', 'mon', 'monday', '周一', '星期一'],
    ['2', 'tue', 'tuesday', '周二', '星期二'],
    ['3', 'wed', 'wednesday', '周三', '星期三'],
    ['4', 'thu', 'thursday', '周四', '星期四'],
    ['5', 'fri', 'friday', '周五', '星期五'],
    ['6', 'sat', 'saturday', '周六', '星期六'],
    ['7', 'sun', 'sunday', '周日', '星期日', '星期天'],
  ] as const
).map(([day, ...names]) => column(`weekly.${day}`, opening, ...names))

const milli = times(1_000)
const sensing = [
  column('settings.source.kind', text, 'source', 'source kind', '数据源', '传感器'),
  ...['topic', 'host', 'url', 'endpoint', 'meter', 'component', 'path', 'device', 'group', 'node'].map(
    (one) => column(`settings.source.${one}`, text, `source ${one}`, one),
  ),
  column('settings.source.unit', whole, 'source unit', 'modbus unit'),
  column('settings.source.channel', whole, 'source channel', 'plug channel'),
  column('settings.thresholds.onStartMw', milli, 'on start w', '开机阈值'),
  column('settings.thresholds.onStopMw', milli, 'on stop w', '关机阈值'),
  column('settings.thresholds.runStartMw', milli, 'run start w', '运行阈值'),
  column('settings.thresholds.runStopMw', milli, 'run stop w', '停止阈值'),
  column('settings.dwellMs', times(SECOND), 'dwell s', '确认时间'),
  column('settings.holdMs', times(SECOND), 'hold s'),
  column('settings.maxGapMs', times(SECOND), 'max gap s', '最大间隔'),
]

/** What people call the columns of each register. */
export const registryColumns: Readonly<Record<RegistryKind, readonly Column[]>> = {
  organisation: [
    column('id', text, 'id', 'organisation', '编号', '单位编号'),
    column('parent', text, 'parent', 'below', '上级', '上级单位'),
    column(
      'kind',
      oneOf({
        province: ['省', '省份'],
        city: ['市', '城市'],
        entity: ['法人', '法人单位', '单位'],
        unit: ['部门', '院系', '内设机构'],
      }),
      'kind',
      '类型',
      '单位类型',
    ),
    column('names.en', text, 'name', 'name en', 'english name', '英文名称'),
    column('names.zh', text, 'name zh', 'chinese name', '名称', '中文名称', '单位名称'),
    column('zone', text, 'zone', 'time zone', '时区'),
    column('flags.sme', truth, 'sme', '中小企业'),
    column('flags.hkMacaoForeign', truth, 'hk macao foreign', '港澳及境外'),
    from,
  ],
  instrument: [
    column('site', text, 'site', '站点'),
    column('instrument', text, 'instrument', 'instrument id', 'id', '仪器编号', '设备编号', '编号'),
    column('gateway', text, 'gateway', '网关'),
    column('unit', text, 'unit', 'organisation', '管理单位', '使用单位', '单位'),
    column('names.en', text, 'name', 'name en', 'english name', '英文名称'),
    column('names.zh', text, 'name zh', 'chinese name', '名称', '仪器名称', '中文名称'),
    column(
      'class',
      oneOf({ general: ['通用', '一般'], special: ['专用'], machinery: ['机械', '04'] }),
      'class',
      '类别',
      '设备类别',
    ),
    column('kind', text, 'kind', 'field', '种类'),
    column('valueFen', times(100), 'yuan', 'value', 'value yuan', '单价', '单价（元）', '原值', '金额'),
    column('prepMs', times(60_000), 'prep min', 'warm-up min', '开机准备分钟', '准备时间'),
    column('postMs', times(60_000), 'post min', 'after-treatment min', '后处理分钟', '后处理时间'),
    column('alwaysOn', truth, 'always on', '常开'),
    column('exclusive', truth, 'exclusive', '独占'),
    column('partOf', text, 'part of', '所属仪器', '主机编号'),
    column('inService', date, 'in service', 'in service since', '启用日期', '投用日期'),
    column('purchased', date, 'purchased', '购置日期'),
    column('mustOpen', truth, 'must open', '应开放'),
    column('bookable', truth, 'bookable', '可预约'),
    column('takesSamples', truth, 'takes samples', '可送样'),
    column('centralFunds', truth, 'central funds', '中央财政'),
    column('model', text, 'model', '型号'),
    column('specification', text, 'specification', '规格'),
    column('manufacturer', text, 'manufacturer', '生产厂家', '制造商'),
    column('category', text, 'category', '分类号'),
    from,
    to,
    ...sensing,
  ],
  schedule: [
    column('instrument', text, 'instrument', '仪器', '仪器编号'),
    ...weekdays,
    column('exceptions', exceptions, 'exceptions', 'holidays', '例外', '节假日'),
    from,
  ],
  membership: [
    column('channel', text, 'channel', 'network', '渠道', '平台', '共享网络'),
    column('instrument', text, 'instrument', '仪器', '仪器编号'),
    column('organisation', text, 'organisation', 'unit', '单位', '单位编号'),
    from,
    to,
  ],
}

/** The columns without which a row means nothing; by them a file is recognised too. */
export const neededColumns: Readonly<Record<RegistryKind, readonly string[]>> = {
  membership: ['channel'],
  schedule: ['instrument', 'weekly.1'],
  instrument: ['instrument', 'gateway', 'unit'],
  organisation: ['id', 'parent', 'kind'],
}

/** The column of a register that a heading names, or undefined. */
export const columnOf = (kind: RegistryKind, heading: string): Column | undefined =>
  registryColumns[kind].find(({ names }) => names.some((name) => plain(name) === plain(heading)))
