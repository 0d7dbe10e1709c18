import { createRandom, type Random } from './random.fixture.ts'
import { createRemembering, instrument, reportedSite, signedAgain, verdictOf } from './bundle.fixture.ts'

/** What no figure, proof or reader rests on: a text for people, and whom the operator proposes to trust. */
const withoutMeaning = new Set(['README.txt', 'policy'])

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

/** So many random changes of the bytes of a small report, handed in as they are or signed again by the report key. */
export async function mutate(rounds: number, { isSigned, seed }: { isSigned: boolean; seed: number }) {
  const world = await reportedSite()
  try {
    const honest = await world.report(instrument)
    const crypto = createRemembering()
    const random = createRandom(seed)
    const able = [...honest.keys()]
      .filter((name) => !isSigned || (name !== 'statement.jws' && !withoutMeaning.has(name)))
      .sort()
    const caught = new Map<string, number>()
    const passed: string[] = []
    let changed = 0
    for (let i = 0; i < rounds; i++) {
      const name = able[random(able.length)] ?? ''
      const before = honest.get(name) ?? Buffer.alloc(0)
      const after = mutated(before, random)
      if (after.equals(before)) continue
      changed += 1
      const files = new Map([...honest, [name, after]])
      const given = isSigned ? signedAgain(files, world.ingest.keys.report) : files
      const verdict = verdictOf(given, world.policy, crypto)
      if (verdict.ok) passed.push(`${i}: ${name}`)
      for (const { code } of verdict.problems.slice(0, 1)) caught.set(code, (caught.get(code) ?? 0) + 1)
    }
    return { passed, changed, caught: Object.fromEntries(caught) }
  } finally {
    await world.close()
  }
}
