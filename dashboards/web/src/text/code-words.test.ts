import { expect, it } from 'vitest'
import { alarmText, refusalText } from './code-words.ts'

it('says alarms and refusals in words of the reader, with what they are about', () => {
  expect(alarmText('spool_full', 'en')).toBe('its store is full')
  expect(alarmText('source_refused:sem-01:not_json', 'en')).toBe(
    'sem-01:not_json: the sensor’s messages are not understood',
  )
  expect(alarmText('source_silent:sem-01', 'zh')).toBe('sem-01: 传感器无声')
  expect(refusalText('bad_signature', 'en')).toBe('the signature does not hold')
  expect(refusalText('chain', 'zh')).toBe('与前一页不相接')
})

it('leaves a code as it is that nobody has words for', () => {
  expect(alarmText('toString', 'en')).toBe('toString')
  expect(refusalText('of_tomorrow', 'zh')).toBe('of_tomorrow')
})
