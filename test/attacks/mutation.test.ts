import { afterAll, beforeAll, expect, it } from 'vitest'
import { type ReportedSite, reportedSite, signedAgain, verdictOf } from './bundle.fixture.ts'

/** So many changed bundles; half of them are handed in with fitting digests and a good signature of the report key. */
const rounds = process.env['HOURS_LONG'] === '1' ? 10_000 : 3_000

let world: ReportedSite
let honest: Map<string, Buffer>
beforeAll(async () => {
  world = await reportedSite()
  honest = await world.report()
}, 60_000)
afterAll(() => world.close())

/** What no figure, proof or reader rests on: a text for people, and whom the operator proposes to trust. */
const withoutMeaning = new Set(['README.txt', 'policy'])

/** Mulberry32: the same mutations at every run. */
function createRandom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * below)
  }
}

type Random = ReturnType<typeof createRandom>

/** One to three bytes changed, taken out, doubled or put in. */
function mutated(bytes: Buffer, random: Random): Buffer {
  const made = Buffer.from(bytes)
  const at = random(made.length)
  const kind = random(10)
  if (kind === 0) return Buffer.concat([made.subarray(0, at), made.subarray(at + 1 + random(3))])
  if (kind === 1) return Buffer.concat([made.subarray(0, at), Buffer.from([random(256)]), made.subarray(at)])
  if (kind === 2) return Buffer.concat([made, made.subarray(at)])
  for (let i = 0; i <= random(3); i++) made[random(made.length)] = random(256)
  return made
}

it(`catches every one of ${rounds} random changes of bytes that alters meaning, signed again or not`, {
  timeout: 400_000,
}, async () => {
  const random = createRandom(20_261_123)
  const names = [...honest.keys()].sort()
  const caught = new Map<string, number>()
  const passed: string[] = []
  let changed = 0
  for (let i = 0; i < rounds; i++) {
    const isSigned = i % 2 === 1
    const able = names.filter((name) => !isSigned || (name !== 'statement.jws' && !withoutMeaning.has(name)))
    const name = able[random(able.length)] ?? ''
    const before = honest.get(name) ?? Buffer.alloc(0)
    const after = mutated(before, random)
    if (after.equals(before)) continue
    changed += 1
    const files = new Map([...honest, [name, after]])
    const verdict = verdictOf(isSigned ? signedAgain(files, world.ingest.keys.report) : files, world.policy)
    if (verdict.ok) passed.push(`${i}: ${name}${isSigned ? ' (signed again)' : ''}`)
    for (const { code } of verdict.problems.slice(0, 1)) caught.set(code, (caught.get(code) ?? 0) + 1)
  }
  console.log(`${changed} changed bundles, caught first by`, Object.fromEntries(caught))
  expect(passed).toEqual([])
  expect(changed).toBeGreaterThan(rounds * 0.95)
})
