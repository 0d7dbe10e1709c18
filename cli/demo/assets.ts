import { chance, type SimInstrument } from '@hours/firmware-sim'
import { DAY, type RecordBody } from '@hours/protocol'

type Assets = Pick<
  RecordBody<'enrolment'>,
  | 'inService'
  | 'purchased'
  | 'mustOpen'
  | 'bookable'
  | 'takesSamples'
  | 'centralFunds'
  | 'model'
  | 'manufacturer'
>

/** From this worth on a set has to be open to others (domain.md 1.1). */
const mustOpenYuan = 500_000

/** What a house knows of an instrument that does not exist: bought up to twelve years before `from`, most of them open. */
export function assetsOf({ site, id, kind, seed }: SimInstrument, from: number): Assets {
  const draw = (what: string) => chance(seed, `${site}/${id}`, what)
  const age = DAY * Math.round(400 + 4_000 * draw('age'))
  const date = (at: number) => new Date(at).toISOString().slice(0, 10)
  return {
    purchased: date(from - age - 120 * DAY),
    inService: date(from - age),
    mustOpen: kind.valueYuan >= mustOpenYuan,
    bookable: draw('bookable') < 0.8,
    takesSamples: draw('samples') < 0.5,
    centralFunds: draw('funds') < 0.4,
    model: `${kind.id.toUpperCase()} ${100 * Math.round(10 + 80 * draw('model'))}`,
    manufacturer: 'Simulated instruments',
  }
}
