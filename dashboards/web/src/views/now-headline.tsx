import type { InstrumentList } from '@hours/protocol'
import { count } from '../format.ts'
import { text } from '../text/text.ts'
import { allOf } from './use-fleet.ts'

interface Props {
  readonly counts: InstrumentList['counts'] | undefined
  /** The counts are of some instruments only. */
  readonly isFiltered?: boolean
}

/** The answer at a glance: how many run, and whether anything needs somebody. */
export function Headline({ counts, isFiltered }: Props) {
  return (
    <div class="headline">
      <h1>{headOf(counts, isFiltered === true)}</h1>
      <p class="now-silent">{counts ? troubleOf(counts) : '\u00a0'}</p>
    </div>
  )
}

function headOf(counts: InstrumentList['counts'] | undefined, isFiltered: boolean): string {
  const words = text.value.now
  if (!counts) return words.title
  const all = allOf(counts)
  if (all === 0) return isFiltered ? words.nothing : words.title
  const run = counts.run
  return run === 0 ? words.noneRunning(count(all)) : words.running(run, count(all), count(run))
}

/** Faults and silence in one sentence; nothing about gateways where there are none. */
function troubleOf(counts: InstrumentList['counts']): string {
  const words = text.value.now
  const { fault, unknown } = counts
  if (allOf(counts) === 0) return '\u00a0'
  const said = [
    fault > 0 ? words.faulty(fault, count(fault)) : '',
    unknown > 0 ? words.silent(unknown, count(unknown)) : '',
  ]
  return said.some(Boolean) ? said.filter(Boolean).join(words.sentenceGap) : words.allHeard
}
