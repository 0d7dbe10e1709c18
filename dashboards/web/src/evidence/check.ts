import type { DayEvidence, Page } from '@hours/protocol'

/** The checks in the order they are made; their titles stand in the dictionaries. */
export const checkIds = [
  'checkpoint',
  'logKey',
  'logSignature',
  'keys',
  'signatures',
  'inclusion',
  'identity',
  'chain',
  'hours',
] as const
export type CheckId = (typeof checkIds)[number]

/** One check's outcome; `compared` lists what stood on both sides, in terms that need no translation. */
export interface Check {
  readonly id: CheckId
  readonly state: 'ok' | 'bad' | 'remark'
  readonly compared: readonly string[]
  /** Time of the day that no page is shown for, though there may be one. */
  readonly gaps?: readonly Gap[]
}

/** `pages` = the numbers that are missing in a gateway's chain; without them nothing says whether there are any. */
export interface Gap {
  readonly from: number
  readonly to: number
  readonly pages?: { readonly gateway: string; readonly first: number; readonly last: number }
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

/** Checks of several logs as one list: of each kind the worst outcome, and all that was compared. */
export function mergeChecks(lists: readonly (readonly Check[])[]): Check[] {
  const worst = (a: Check['state'], b: Check['state']) => (a === 'bad' || b === 'ok' ? a : b)
  return checkIds.flatMap((id) => {
    const [first, ...others] = lists.flat().filter((one) => one.id === id)
    if (!first) return []
    return others.reduce<Check>(
      (sum, one) => ({
        ...sum,
        state: worst(sum.state, one.state),
        compared: [...sum.compared, ...one.compared],
      }),
      first,
    )
  })
}
