import { describe, expect, it } from 'vitest'
import { createRowReader } from './recording.ts'
import { detectTimeFormat, timeReader } from './time-format.ts'

const read = (format: string, text: string, zone = 'UTC', after = -Infinity) => {
  const result = timeReader(format, zone)!(text, after)
  return result.ok ? new Date(result.value).toISOString() : result.error.code
}

describe('time columns', () => {
  it.each([
    ['iso', '2021-02-26T17:07:11.443', '2021-02-26T17:07:11.443Z'],
    ['iso', '2021-02-26 17:07:11+08:00', '2021-02-26T09:07:11.000Z'],
    ['epoch-s', '1614359231.5', '2021-02-26T17:07:11.500Z'],
    ['epoch-ms', '1614359231500', '2021-02-26T17:07:11.500Z'],
    ['epoch-us', '1614359231500000', '2021-02-26T17:07:11.500Z'],
    ['epoch-ns', '1614359231500000000', '2021-02-26T17:07:11.500Z'],
    ['dd/MM/yyyy HH:mm:ss', '26/02/2021 17:07:11', '2021-02-26T17:07:11.000Z'],
    ['dd/mm/yyyy hh:mm:ss', '26/02/2021 17:07:11', '2021-02-26T17:07:11.000Z'],
    ['%d/%m/%Y %H:%M:%S', '26/02/2021 17:07:11', '2021-02-26T17:07:11.000Z'],
    ['YYYY/MM/DD HH:mm', '2021/02/26 17:07', '2021-02-26T17:07:00.000Z'],
    ['M/d/yyyy h:mm:ss a', '2/26/2021 5:07:11 PM', '2021-02-26T17:07:11.000Z'],
    ['M/d/yyyy h:mm:ss a', '2/26/2021 12:07:11 AM', '2021-02-26T00:07:11.000Z'],
    ['dd/MM/yyyy HH:mm:ss', '31/02/2021 17:07:11', 'bad_time'],
    ['iso', 'yesterday', 'bad_time'],
  ])('%s reads %s', (format, text, expected) => expect(read(format, text)).toBe(expected))

  it('puts a repeated hour after the row before, and refuses a skipped one', () => {
    const local = '2025-10-26 02:30:00'
    expect(read('iso', local, 'Europe/Berlin')).toBe('2025-10-26T00:30:00.000Z')
    expect(read('iso', local, 'Europe/Berlin', Date.parse('2025-10-26T00:59:00Z'))).toBe(
      '2025-10-26T01:30:00.000Z',
    )
    expect(read('iso', '2025-03-30 02:30:00', 'Europe/Berlin')).toBe('local_time_gap')
  })
  it('has no reader for a format without a date', () => expect(timeReader('HH:mm', 'UTC')).toBeUndefined())
  it.each([
    [['08/08/2011 00:00:00', '08/08/2011 00:00:01'], 'dd/MM/yyyy HH:mm:ss'],
    [['02/26/2021 17:07:11'], 'MM/dd/yyyy HH:mm:ss'],
    [['02/03/2021 23:59:50', '02/04/2021 00:00:00'], 'MM/dd/yyyy HH:mm:ss'],
    [['02/03/2021 11:59:50 PM', '03/03/2021 12:00:00 AM'], 'dd/MM/yyyy HH:mm:ss a'],
    [['2/3/2021 5:07:11 PM'], 'MM/dd/yyyy HH:mm:ss a'],
    [['13/3/2021 5:07:11 PM'], 'dd/MM/yyyy HH:mm:ss a'],
    [['26.02.2021 17:07'], 'dd.MM.yyyy HH:mm'],
    [['1614359231'], 'epoch-s'],
    [['1614359231000'], 'epoch-ms'],
    [['1614359231000000'], 'epoch-us'],
    [['1614359231000000000'], 'epoch-ns'],
    [['2021-02-26T17:07:11Z', 'x', '2021-02-26T17:07:12Z'], 'iso'],
    [['soon'], undefined],
  ])('finds the format of %j', (texts, format) => expect(detectTimeFormat(texts)).toBe(format))
})

describe('rows', () => {
  const rows = () => createRowReader(timeReader('epoch-s', 'UTC')!)
  it.each([
    ['12.5', 12_500],
    ['12,5', 12_500],
    ['1.2e3', 1_200_000],
    ['-0.4', -400],
    ['', 'no_reading'],
    ['NaN', 'no_reading'],
    ['-1', 'no_reading'],
    ['-1.00', 'no_reading'],
    ['12 W', 'bad_power'],
  ])('power "%s" is %s', (text, expected) => {
    const row = rows().read('1614359231', text)
    expect(typeof row === 'string' ? row : row.powerMw).toBe(expected)
  })
  it('names a short row and a time that is none', () => {
    expect(rows().read('1614359231', undefined)).toBe('short_row')
    expect(rows().read('noon', '5')).toBe('bad_time')
  })
})
