import type { PageCode } from '@hours/ledger'
import type { Language } from '../prefs.ts'

/** English and Chinese of one code. */
type Words = readonly [en: string, zh: string]

/** What a gateway says is wrong with it (gateway alarms), by the part before the colon. */
const alarms: Readonly<Record<string, Words>> = {
  broker_unreachable: ['the site does not answer', '连不上站点'],
  clock_behind_pages: ['its clock went back', '时钟倒退'],
  clock_untrusted: ['its clock cannot be trusted', '时钟不可信'],
  config_unverified: ['settings that nobody vouches for were refused', '拒绝了无人签名的配置'],
  energy_differs: ['the energy counter says otherwise', '与电能表读数不符'],
  epoch_unopened: ['waits until it is let in again', '等待重新准入'],
  epoch_void: ['was shut out; its pages count for nothing', '已被停用，其页不计'],
  local_broker_unreachable: ['the plugs’ broker does not answer', '连不上插座的代理'],
  no_local_broker: ['no address for the plugs’ broker', '未设插座代理的地址'],
  no_trust: ['knows no key to check receipts with', '没有可核验回执的密钥'],
  on_time_differs: ['the device’s on-time counter says otherwise', '与设备开机计时不符'],
  page_too_long: ['too much happened for one page', '一页装不下所发生的变化'],
  pages_refused: ['pages were refused', '有页被拒绝'],
  receipt_unverified: ['a receipt does not hold; pages are kept', '回执未通过核验，页已保留'],
  run_time_differs: ['the device’s run-time counter says otherwise', '与设备运行计时不符'],
  source_conflict: ['two sensors disagree', '两个传感器不一致'],
  source_offline: ['the sensor is offline', '传感器离线'],
  source_refused: ['the sensor’s messages are not understood', '传感器的报文无法解读'],
  source_reset: ['the sensor’s counter began anew', '传感器计数重新开始'],
  source_reversed: [
    'the sensor reads negative power: its clamp is the wrong way round',
    '功率为负：钳表接反',
  ],
  source_silent: ['nothing is heard of the sensor', '传感器无声'],
  source_stuck: ['the sensor repeats one value', '传感器读数不变'],
  spool_damaged: ['its store was damaged and set aside', '本地存储损坏，已另存'],
  spool_failed: ['its disk takes nothing', '磁盘无法写入'],
  spool_full: ['its store is full', '本地存储已满'],
}

/** Why something was refused (wire.md, section 3). */
const refusals: Readonly<Record<PageCode, Words>> = {
  malformed: ['not readable', '无法读取'],
  oversize: ['too large', '过大'],
  bad_signature: ['the signature does not hold', '签名无效'],
  unknown_key: ['signed by an unknown key', '签名密钥未知'],
  revoked_key: ['signed by a revoked key', '签名密钥已吊销'],
  unknown_version: ['of a version not known here', '版本未知'],
  bad_field: ['a field is wrong', '字段有误'],
  topic_mismatch: ['sent in another’s name', '主题与内容不符'],
  unopened_epoch: ['the gateway was not let in again yet', '网关尚未重新准入'],
  unknown_instrument: ['the instrument is not enrolled', '仪器未登记'],
  spans: ['does not account for every second', '未覆盖每一秒'],
  future: ['reaches into the future', '时间在未来'],
  overlap: ['overlaps an earlier page', '与前页重叠'],
  counters: ['its counters contradict it', '计数自相矛盾'],
  chain: ['does not follow the page before', '与前一页不相接'],
  equivocation: ['two pages for one place', '同一位置有两页'],
  void: ['of a gateway that was shut out', '来自已停用的网关'],
}

const said = (words: Words | undefined, language: Language): string | undefined =>
  words?.[language === 'zh' ? 1 : 0]

/** `source_silent:sem-01` as people say it: what is wrong, and with what; a code nobody has words for stays as it is. */
export function alarmText(alarm: string, language: Language): string {
  const colon = alarm.indexOf(':')
  const words = said(alarms[colon < 0 ? alarm : alarm.slice(0, colon)], language)
  if (words === undefined) return alarm
  return colon < 0 ? words : `${alarm.slice(colon + 1)}: ${words}`
}

export const refusalText = (code: string, language: Language): string =>
  said((refusals as Readonly<Record<string, Words>>)[code], language) ?? code
