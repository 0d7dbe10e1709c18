/** What people call the fields and values of a record, in English and Chinese (domain.md, 1.2 to 1.4). */

const columns: Readonly<Record<string, readonly string[]>> = {
  id: ['id', 'session id', 'record id', '编号', '记录编号'],
  externalId: [
    'external id',
    'uid',
    'order',
    'order id',
    'booking id',
    '外部编号',
    '预约号',
    '订单号',
    '工单号',
  ],
  channel: ['channel', 'source channel', '渠道', '平台', '来源平台'],
  instrument: [
    'instrument',
    'instrument id',
    'equipment',
    'device',
    '仪器',
    '仪器编号',
    '设备',
    '设备编号',
    '仪器名称',
  ],
  from: ['from', 'start', 'start time', 'begin', '开始', '开始时间', '起始时间', '上机时间'],
  to: ['to', 'end', 'end time', 'finish', '结束', '结束时间', '终止时间', '下机时间'],
  hours: ['hours', 'duration', 'duration hours', '机时', '机时数', '时长', '使用时长'],
  at: ['at', 'date', 'time', '日期', '时间'],
  fold: ['fold', '重复时刻'],
  beneficiary: [
    'beneficiary',
    'organisation',
    'organization',
    'unit',
    '受益单位',
    '用户单位',
    '使用单位',
    '单位',
    '委托单位',
  ],
  payer: ['payer', '付款单位'],
  user: [
    'user',
    'user name',
    'name',
    'person',
    'operator',
    '用户',
    '使用人',
    '使用者',
    '姓名',
    '申请人',
    '预约人',
  ],
  purpose: ['purpose', '用途', '目的', '使用目的', '服务方向'],
  way: ['way', 'mode', '方式', '使用方式', '服务方式'],
  project: ['project', 'subject', '项目', '课题', '项目编号', '课题名称'],
  samples: ['samples', 'sample count', '样品数', '测样数', '样品数量'],
  validSamples: ['valid samples', '有效样品数', '有效测样数'],
  receivedAt: ['received', 'received at', '收样时间', '收样日期', '送样时间'],
  reportedAt: ['reported', 'reported at', '报告时间', '报告日期', '完成时间'],
  shifts: ['shifts', 'beam shifts', '班次', '机时班次'],
  approvedBy: ['approved by', '审批人', '批准人'],
  approvedAt: ['approved at', '审批时间', '批准时间'],
  documentSha256: ['document sha256', 'document hash', '文件哈希'],
  voucherYuan: ['voucher', 'voucher yuan', '创新券', '创新券抵扣', '抵扣金额'],
  subsidyYuan: ['subsidy', 'subsidy yuan', '补助', '后补助', '补贴'],
  cancelled: ['cancelled', 'canceled', '取消', '已取消'],
  reason: ['reason', 'note', '原因', '说明'],
  onHours: ['on hours', 'power on hours', '开机机时', '开机小时'],
  runHours: ['run hours', '运行机时', '年总运行机时'],
  effectiveHours: ['effective hours', '有效机时', '使用机时'],
  externalHours: ['external hours', '对外服务机时', '服务机时', '年服务机时'],
  source: ['source', '来源', '数据来源'],
  yuan: ['yuan', 'amount', 'amount yuan', '金额', '收费', '费用', '金额元'],
  tariff: ['tariff', '收费标准'],
  session: ['session', '使用记录', '机时记录'],
  group: ['group', '人员类别'],
  level: ['level', '级别'],
  persons: ['persons', 'people', '人数', '培训人数'],
  count: ['count', '数量'],
  score: ['score', 'rating', '评分', '满意度'],
  kind: ['kind', '成果类型'],
  coreHours: ['core hours', '核时', '核小时'],
  nodeHours: ['node hours', '节点小时'],
  jobs: ['jobs', '作业数'],
}

/** Headings and words alike, however they are spaced, written or put in brackets. */
export const plain = (text: string) =>
  text
    .normalize('NFKC')
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .replaceAll(/[\s_\-()*:/]+/g, '')

const fields = new Map(
  Object.entries(columns).flatMap(([field, names]) =>
    [field, ...names].map((name): [string, string] => [plain(name), field]),
  ),
)

/** The field that a column's heading names, or undefined. */
export const fieldOf = (heading: string): string | undefined => fields.get(plain(heading))

const values: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  purpose: {
    research: ['research', '科研', '科学研究', '研究', '135'],
    teaching: ['teaching', 'education', '教学', '137'],
    service: ['service', '社会服务', '服务', '对外服务', '技术服务'],
  },
  way: {
    self: ['self', 'self service', '自主', '自助', '自主上机', '上机', '占用', '机时预约'],
    operated: ['operated', '代测', '代操作', '技术'],
    entrusted: ['entrusted', '委托', '送样', '委托测试', '送样检测'],
    remote: ['remote', '远程'],
    compute: ['compute', '计算'],
  },
  group: {
    student: ['student', 'students', '学生'],
    teacher: ['teacher', 'teachers', '教师'],
    other: ['other', '其他'],
  },
  level: {
    independent: ['independent', '独立', '独立操作'],
    guided: ['guided', '指导下'],
    demonstration: ['demonstration', 'demo', '演示'],
  },
  cancelled: {
    true: ['true', 'yes', 'y', '1', '是', '已取消', 'cancelled', 'canceled'],
    false: ['false', 'no', 'n', '0', '否', '未取消'],
  },
}

const spellings = new Map(
  Object.entries(values).map(([field, meanings]) => [
    field,
    new Map(
      Object.entries(meanings).flatMap(([value, names]) =>
        names.map((name): [string, string] => [plain(name), value]),
      ),
    ),
  ]),
)

/** The value of a field in the words of the record, or as it came when nothing is known of it. */
export const valueOf = (field: string, text: string): string =>
  spellings.get(field)?.get(plain(text)) ?? text.trim()

/** What may stand in a field with a closed list, for the message that says so. */
export const choicesOf = (field: string): readonly string[] => Object.keys(values[field] ?? {})
