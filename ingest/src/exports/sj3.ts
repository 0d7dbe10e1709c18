import { printed } from '@hours/protocol'
import { isIn } from '@hours/usage'
import type { FigureSheet, SheetInstrument } from './figure-sheet.ts'
import { workbook, type WorkbookSheet } from './workbook.ts'

/**
 * Columns of 基表三 SJ3 贵重仪器设备表 of the education ministry (domain.md, 1.2; one school's form, source S8). What is
 * no matter of this system stays empty: nothing is guessed.
 */
export const sj3Columns = [
  '学校代码',
  '仪器编号',
  '分类号',
  '仪器名称',
  '型号',
  '规格',
  '单价（元）',
  '购置日期',
  '现状',
  '使用单位',
  '教学机时',
  '科研机时',
  '社会服务机时',
  '其中开放使用机时',
  '测样数',
  '培训学生',
  '培训教师',
  '培训其他',
  '教学实验项目数',
  '科研项目数',
  '社会服务项目数',
  '获奖国家级',
  '获奖省部级',
  '发明专利教师',
  '发明专利学生',
  '论文三大检索',
  '论文核心刊物',
  '负责人姓名',
] as const

/** What keeps the rows from being exported: the form has no place for hours that nobody is named for. */
export interface Sj3Block {
  readonly unattributed: readonly { readonly instrument: string; readonly ms: number }[]
}

export interface Sj3Options {
  /** 5 characters. */
  readonly schoolCode: string
  /** Who answers for leaving unattributed hours out; absent = they must be 0. */
  readonly signedOffBy?: string | undefined
}

/** The rows of a sheet, or what blocks them: research + teaching + service + unattributed = E, and the last must be 0. */
export function sj3Rows(
  sheet: FigureSheet,
  options: Sj3Options,
): { ok: true; value: WorkbookSheet } | { ok: false; error: Sj3Block } {
  const left = sheet.instruments.flatMap(({ key, figures }) =>
    figures.unattributed > 0 ? [{ instrument: key, ms: figures.unattributed }] : [],
  )
  const signed = options.signedOffBy
  if (left.length > 0 && signed === undefined) return { ok: false, error: { unattributed: left } }
  const extra = left.length > 0 ? ['未归属机时（表外）', '签认人'] : []
  const rows = sheet.instruments.map((one) => [
    ...sj3Row(one, options),
    ...(extra.length > 0 ? [printed(one.figures.unattributed, 'ms'), signed ?? null] : []),
  ])
  return { ok: true, value: { name: 'SJ3', head: [...sj3Columns, ...extra], rows } }
}

function sj3Row(one: SheetInstrument, { schoolCode }: Sj3Options): (string | number | null)[] {
  const { key, names, enrolment, unitNames, sums, figures } = one
  const projects = projectsOf(one)
  const { student, teacher, other } = trainedIn(one)
  const count = (name: string) => sums.achievements[name] ?? 0
  const worth = enrolment.valueFen === undefined ? null : printed(enrolment.valueFen, 'fen')
  return [
    ...[schoolCode, key, enrolment.category ?? null, names.zh ?? names.en ?? null],
    ...[enrolment.model ?? null, enrolment.specification ?? null, worth, acquired(enrolment), null],
    unitNames.zh ?? unitNames.en ?? enrolment.unit,
    ...[figures.purpose.teaching, figures.purpose.research].map((ms) => printed(ms, 'ms')),
    ...[figures.purpose.service, figures.openUse].map((ms) => printed(ms, 'ms')),
    ...[sums.samples, student, teacher, other],
    ...['teaching', 'research', 'service'].map(projects),
    ...[count('award:national'), count('award:provincial')],
    ...[count('patent:teacher'), count('patent:student')],
    ...[count('paper:indexed'), count('paper:core')],
    null,
  ]
}

/** Projects by purpose, over what has effective time or samples (domain.md, section 4.6). */
function projectsOf({ uses, records, relationOf, during }: SheetInstrument): (purpose: string) => number {
  const sampled = records.sessions.filter(
    (one) => (one.samples ?? 0) > 0 && isIn(during, one.from) && relationOf(one) !== undefined,
  )
  const all = [...uses(), ...sampled]
  return (purpose) => new Set(all.flatMap((one) => (one.purpose === purpose ? (one.project ?? []) : []))).size
}

function trainedIn({ records, during }: SheetInstrument): Record<'student' | 'teacher' | 'other', number> {
  const persons = { student: 0, teacher: 0, other: 0 }
  for (const { at, group, persons: count } of records.trainings) if (isIn(during, at)) persons[group] += count
  return persons
}

/** 购置日期; the day it came into service, where only that was told. */
const acquired = ({ purchased, inService }: SheetInstrument['enrolment']) => purchased ?? inService ?? null

/** The form as a workbook with one sheet. */
export const sj3Xlsx = (rows: WorkbookSheet): Promise<Buffer> => workbook([rows])
