import type { DayEvidence, Page } from '@hours/protocol'

/** The checks in the order they are made; their titles stand in the dictionaries. */
export type CheckId =
  | 'checkpoint'
  | 'logKey'
  | 'logSignature'
  | 'keys'
  | 'signatures'
  | 'inclusion'
  | 'identity'
  | 'chain'
  | 'hours'

/** One check's outcome; `compared` lists what stood on both sides, in terms that need no translation. */
export interface Check {
  readonly id: CheckId
  readonly state: 'ok' | 'bad' | 'remark'
  readonly compared: readonly string[]
}

/** A page that could be read, with where it is said to stand. */
export interface ReadPage {
  readonly listed: DayEvidence['pages'][number]
  readonly bytes: Uint8Array
  readonly page: Page
}

export const check = (id: CheckId, good: boolean, compared: readonly string[]): Check => ({
  id,
  state: good ? 'ok' : 'bad',
  compared,
})

/** `288 / 288`, and the first few that failed. */
export function tally(good: number, all: number, failed: readonly string[]): string[] {
  const more = failed.length > 5 ? [`… +${failed.length - 5}`] : []
  return [`${good} / ${all}`, ...failed.slice(0, 5).map((one) => `✗ ${one}`), ...more]
}
