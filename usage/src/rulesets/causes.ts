import { printedText } from '@hours/protocol'
import { number, type Scope } from './expression.ts'

export type Language = 'en' | 'zh'

/** Where time goes that is no effective time: what somebody can do something about first. */
const causes = [
  ['faultH', 'fault', '故障'],
  ['unknownH', 'unknown', '未知'],
  ['maintenanceH', 'maintenance', '维修维护'],
  ['standbyH', 'standby', '待机'],
  ['offH', 'off', '关机'],
] as const

const hourMs = 3_600_000

/**
 * `{causes}` in a reason: "210.0 h fault, 90.0 h unknown and 400.0 h off"; what is less than is printed is left out. Time can
 * be of two of them, such as maintenance of an instrument that is off.
 */
export function causesText({ get }: Scope, language: Language): string {
  const listed = causes.flatMap(([name, en, zh]) => {
    const hours = printedText((number(get(name)) ?? 0) * hourMs, 'ms')
    if (Number(hours) === 0) return []
    return language === 'zh' ? [`${zh} ${hours} 小时`] : [`${hours} h ${en}`]
  })
  // All of it was used: there is little of it.
  if (listed.length === 0) return language === 'zh' ? '在册时间短' : 'a short time enrolled'
  if (language === 'zh') return listed.join('、')
  return listed.length === 1
    ? listed.join('')
    : `${listed.slice(0, -1).join(', ')} and ${listed.at(-1) ?? ''}`
}
