import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Recording, openRecording } from '../../cli/recording-file.ts'

/** Public recordings stay outside the repository (their SOURCE.md files say why and where from). */
const shared = resolve(process.env['HOURS_SHARED'] ?? join(import.meta.dirname, '../../../shared'))
const data = join(shared, 'data')

export const haveRecordings = existsSync(data)
if (!haveRecordings)
  console.warn(`Recordings left out: no ${data}; set HOURS_SHARED to the folder that holds data/.`)

export const xavierFile = join(data, 'mlperf-xavier/samples.csv.gz')
export const xavier = (): Recording =>
  openRecording([xavierFile], { time: 'time_local', power: 'watts', zone: 'UTC', header: true })

/** tracebase: no header, `;`, local time of an unknown zone. */
const tracebase = (paths: readonly string[]): Recording =>
  openRecording(paths, {
    time: '1',
    power: '2',
    zone: 'UTC',
    header: false,
    timeFormat: 'dd/MM/yyyy HH:mm:ss',
  })

const folder = (name: string) => join(data, `tracebase-${name}`)
const files = (name: string, pattern: RegExp) =>
  readdirSync(folder(name))
    .filter((file) => pattern.test(file))
    .map((file) => join(folder(name), file))

export const projector = (): Recording => tracebase(files('projector', /gz$/))
export const dryer = (): Recording => tracebase(files('mixed', /_D36122/))
export const coffeeMaker = (): Recording => tracebase(files('mixed', /B7BE96/))
export const dishwasher = (): Recording => tracebase(files('mixed', /B81D04/))

/** The moments the load began and ended by its own clock, Unix ms. */
export function xavierLabels(): { from: number; to: number }[] {
  const [head = '', ...lines] = readFileSync(join(data, 'mlperf-xavier/labels.csv'), 'utf8')
    .trim()
    .split('\n')
  const names = head.split(',')
  return lines.map((line) => {
    const cells = line.split(',')
    const at = (name: string) => Date.parse(`${cells[names.indexOf(name)] ?? ''}Z`)
    return { from: at('run_begin_local'), to: at('run_end_local') }
  })
}

/** Hours running by day, from the table in the projector's SOURCE.md (power > 100 W, a gap over 120 s unknown). */
export const projectorHours: Readonly<Record<string, number>> = {
  '2012-01-14': 2.911,
  '2012-01-15': 3.792,
  '2012-01-16': 1.618,
  '2012-01-17': 0.596,
  '2012-01-18': 1.534,
  '2012-01-19': 1.365,
  '2012-01-20': 0.504,
  '2012-01-22': 2.759,
  '2012-02-01': 1.428,
  '2012-02-02': 2.747,
  '2012-02-04': 6.007,
  '2012-02-05': 4.748,
  '2012-02-08': 2.482,
  '2012-02-09': 1.806,
  '2012-02-11': 1.014,
  '2012-02-12': 3.359,
  '2012-02-14': 2.151,
  '2012-02-15': 2.271,
  '2012-02-16': 4.078,
}
