import type { DraftKind } from './drafted.ts'
import { fault, type RowFault } from './row-fault.ts'
import { choicesOf, valueOf } from './vocabulary.ts'

/** Text of a cell or a JSON scalar; anything else is no text. */
const plainText = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value).trim()
    : ''

type Input = Readonly<Record<string, unknown>>

/** Texts and closed lists of each kind; times, people and organisations are read elsewhere. */
const texts: Readonly<Record<DraftKind, readonly string[]>> = {
  session: ['purpose', 'way', 'project'],
  booking: ['purpose'],
  maintenance: ['reason'],
  claim: ['source'],
  compute: [],
  charge: ['session', 'tariff'],
  voucher: ['session', 'tariff'],
  subsidy: ['session', 'tariff'],
  training: ['group', 'level'],
  achievement: ['kind', 'level'],
  rating: ['session'],
}
const counts: Readonly<Partial<Record<DraftKind, readonly string[]>>> = {
  session: ['samples', 'validSamples', 'shifts'],
  compute: ['coreMs', 'nodeMs', 'jobs'],
  claim: ['onMs', 'runMs', 'effectiveMs', 'externalMs'],
  charge: ['fen'],
  voucher: ['fen'],
  subsidy: ['fen'],
  training: ['persons'],
  achievement: ['count'],
  rating: ['score'],
}
/** People write hours and yuan; records hold ms and fen. */
const scaled: Readonly<Record<string, { readonly field: string; readonly by: number }>> = {
  onHours: { field: 'onMs', by: 3_600_000 },
  runHours: { field: 'runMs', by: 3_600_000 },
  effectiveHours: { field: 'effectiveMs', by: 3_600_000 },
  externalHours: { field: 'externalMs', by: 3_600_000 },
  coreHours: { field: 'coreMs', by: 3_600_000 },
  nodeHours: { field: 'nodeMs', by: 3_600_000 },
  yuan: { field: 'fen', by: 100 },
}

/** The plain fields of a record's body; what cannot be read is added to `faults`. */
export function readFields(kind: DraftKind, input: Input, faults: RowFault[]): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  for (const field of texts[kind]) {
    const value = input[field]
    if (value === undefined || value === null || value === '') continue
    // `level` of an achievement is free; that of a training is not.
    const closed = field === 'level' && kind !== 'training' ? [] : choicesOf(field)
    const read = closed.length > 0 && typeof value === 'string' ? valueOf(field, value) : value
    if (closed.length > 0 && !closed.includes(plainText(read)))
      faults.push(fault(field, value, 'not one of the known values', `write one of ${closed.join(', ')}`))
    else fields[field] = typeof read === 'string' ? read.trim() : read
  }
  if (kind === 'session' && !('purpose' in fields) && faults.every(({ field }) => field !== 'purpose'))
    faults.push(
      fault(
        'purpose',
        '',
        'a session without a purpose cannot be attributed',
        'write research, teaching or service',
      ),
    )
  for (const field of counts[kind] ?? []) readCount(field, input, fields, faults)
  if (kind === 'booking') readCancelled(input, fields, faults)
  return fields
}

function readCount(field: string, input: Input, fields: Record<string, unknown>, faults: RowFault[]): void {
  const given = input[field]
  if (given !== undefined && given !== null && given !== '') {
    const number = typeof given === 'number' ? given : readNumber(plainText(given))
    if (Number.isSafeInteger(number) && (number >= 0 || field === 'fen')) fields[field] = number
    else faults.push(fault(field, given, 'not a whole number', 'write digits alone, such as 12'))
    return
  }
  for (const [name, { field: into, by }] of Object.entries(scaled)) {
    const value = input[name]
    if (into !== field || value === undefined || value === null || value === '') continue
    const number = decimal(value)
    if (number === undefined || (number < 0 && field !== 'fen'))
      faults.push(fault(name, value, 'not a number', 'write digits with a point, such as 12.5'))
    else fields[field] = Math.round(number * by)
  }
}

/** A decimal number; thousands may be grouped by commas, as spreadsheets write them. */
function decimal(value: unknown): number | undefined {
  if (typeof value === 'number') return Math.abs(value) < 1e12 ? value : undefined
  const text = (typeof value === 'string' ? value : '')
    .normalize('NFKC')
    .trim()
    .replace(/^[¥￥]\s*/, '')
  if (!/^-?(\d{1,12}|\d{1,3}(,\d{3}){1,4})(\.\d{1,9})?$/.test(text)) return undefined
  return Number(text.replaceAll(',', ''))
}

/** Nothing is no number, though `Number('')` says 0. */
const readNumber = (text: string) => (text === '' ? Number.NaN : Number(text))

function readCancelled(input: Input, fields: Record<string, unknown>, faults: RowFault[]): void {
  const given = input['cancelled']
  if (given === undefined || given === null || given === '') return
  const read = valueOf('cancelled', plainText(given))
  if (read === 'true') fields['cancelled'] = true
  else if (read !== 'false')
    faults.push(fault('cancelled', given, 'neither yes nor no', 'write true or false'))
}
