import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  codesOf,
  createRemembering,
  type ReportedSite,
  reportedSite,
  signedAgain,
  verdictOf,
} from './bundle.fixture.ts'
import { createRandom } from './random.fixture.ts'

let world: ReportedSite
let honest: ReadonlyMap<string, Buffer>
beforeAll(async () => {
  world = await reportedSite()
  honest = await world.report()
}, 60_000)
afterAll(() => world.close())

const rounds = 40
const crypto = createRemembering()
/** What no figure or proof rests on, and the statement, which is signed again. */
const withoutMeaning = new Set(['README.txt', 'policy', 'statement.jws'])
const able = () => [...honest.keys()].filter((name) => !withoutMeaning.has(name)).sort()
const random = createRandom(20_261_129)
const anyOf = <T>(list: readonly T[]): T => list[random(list.length)] as T // No list here is empty.

/** A file of entries and the places beside it, each changed line by line. */
function withEntries(change: (entries: string[][]) => string[][]): Map<string, Buffer> {
  const name = anyOf(able().filter((one) => one.endsWith('.jwsl')))
  const linesOf = (file: string) => (honest.get(file)?.toString() ?? '').split('\n').slice(0, -1)
  const places = linesOf(`${name}.positions`)
  const made = change(linesOf(name).map((line, i) => [line, places[i] ?? '']))
  const column = (i: number) => Buffer.from(made.map((entry) => `${entry[i] ?? ''}\n`).join(''))
  return new Map([...honest, [name, column(0)], [`${name}.positions`, column(1)]])
}

const changes: Record<string, () => ReadonlyMap<string, Buffer>> = {
  'an entry dropped': () =>
    withEntries((entries) => {
      const at = random(entries.length)
      return entries.filter((_, i) => i !== at)
    }),
  'an entry doubled': () => withEntries((entries) => [...entries, anyOf(entries)]),
  'an entry in the place of another': () =>
    withEntries((entries) => {
      const [at, line] = [random(entries.length), anyOf(entries)[0] ?? '']
      return entries.map((entry, i) => (i === at ? [line, entry[1] ?? ''] : entry))
    }),
  'an entry moved by one': () =>
    withEntries((entries) => {
      const at = random(entries.length)
      return entries.map(([line = '', place = ''], i) => [
        line,
        i === at ? place.replace(/\d+$/, (n) => `${Number(n) + 1}`) : place,
      ])
    }),
  'an entry hidden': () =>
    withEntries((entries) => {
      const at = random(entries.length)
      return entries.map(([line = '', place = ''], i) => [i === at ? `#${'A'.repeat(43)}` : line, place])
    }),
  'a file dropped': () => {
    const name = anyOf(able())
    return new Map([...honest].filter(([one]) => one !== name))
  },
  'two files swapped': () => {
    const [a, b] = [anyOf(able()), anyOf(able())]
    return new Map([...honest, [a, honest.get(b) ?? Buffer.alloc(0)], [b, honest.get(a) ?? Buffer.alloc(0)]])
  },
}

const contentOf = (files: ReadonlyMap<string, Buffer>) =>
  JSON.stringify([...files].map(([name, bytes]) => [name, bytes.toString('base64')]).sort())

it.each(Object.keys(changes))(
  'catches %s, though digests fit and the report key signs',
  (name) => {
    const untouched = contentOf(honest)
    let tried = 0
    const passed: string[] = []
    for (let i = 0; i < rounds; i++) {
      const files = changes[name]?.() ?? honest
      if (contentOf(files) === untouched) continue
      tried += 1
      const verdict = verdictOf(signedAgain(files, world.ingest.keys.report), world.policy, { crypto })
      if (verdict.ok) passed.push(`${name} ${i}`)
      else expect(codesOf(verdict)).not.toEqual(['digest'])
    }
    expect(passed).toEqual([])
    expect(tried).toBeGreaterThan(rounds / 2)
  },
  60_000,
)
