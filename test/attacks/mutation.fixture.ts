import { createHash } from 'node:crypto'
import { signRecord } from '@hours/ledger'
import { maxStatementBytes } from '@hours/protocol'
import { createProblems, type ProblemCode, type Problems } from '@hours/verifier'
import { createRemembering, instrument, type ReportedSite, statementOf, verdictOf } from './bundle.fixture.ts'
import { createRandom, type Random } from './random.fixture.ts'

/** What no figure, proof or reader rests on: a text for people, and whom the operator proposes to trust. */
const withoutMeaning = new Set(['README.txt', 'policy'])
/** One change in so many is judged to its end; of the others the first problem is enough. */
const toTheEnd = 10

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

class Caught extends Error {
  readonly problem: ProblemCode
  constructor(problem: ProblemCode) {
    super(problem)
    this.problem = problem
  }
}

/** Ends the check at the first problem: no later one can take it back. */
const stopping = (): Problems => ({
  ...createProblems(),
  add(code) {
    throw new Caught(code)
  },
})

/** Signs the statement again over one changed file, as the holder of the report key can. */
function createSigning(honest: ReadonlyMap<string, Buffer>, { ingest }: ReportedSite) {
  const statement = statementOf(honest)
  return (changed: string, bytes: Buffer): Buffer => {
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const subject = statement.subject.map((one) =>
      one.name === changed ? { ...one, digest: { sha256 } } : one,
    )
    const payload = JSON.stringify({ ...statement, subject })
    const signer = ingest.keys.report
    return Buffer.from(signRecord({ kind: 'statement', payload, signer, maxBytes: maxStatementBytes }))
  }
}

/** So many random changes of the bytes of a small report, handed in as they are or signed again by the report key. */
export async function mutate(
  world: ReportedSite,
  { rounds, isSigned, seed }: { rounds: number; isSigned: boolean; seed: number },
) {
  const honest = await world.report(instrument)
  const sign = createSigning(honest, world)
  const crypto = createRemembering()
  const random = createRandom(seed)
  const able = [...honest.keys()]
    .filter((name) => !isSigned || (name !== 'statement.jws' && !withoutMeaning.has(name)))
    .sort()
  const passed: string[] = []
  const caught: Partial<Record<ProblemCode, number>> = {}

  function firstProblem(files: ReadonlyMap<string, Buffer>, isWhole: boolean): ProblemCode | undefined {
    try {
      const verdict = verdictOf(files, world.policy, { crypto, ...(isWhole ? {} : { problems: stopping() }) })
      return verdict.problems[0]?.code
    } catch (error) {
      if (error instanceof Caught) return error.problem
      throw error
    }
  }

  for (let i = 0; i < rounds; i++) {
    const name = able[random(able.length)] ?? ''
    const before = honest.get(name) ?? Buffer.alloc(0)
    const after = mutated(before, random)
    if (after.equals(before)) continue
    const files = new Map([...honest, [name, after]])
    if (isSigned) files.set('statement.jws', sign(name, after))
    const code = firstProblem(files, i % toTheEnd === 0)
    if (code === undefined) passed.push(`${i}: ${name}`)
    else caught[code] = (caught[code] ?? 0) + 1
  }
  return { passed, caught, changed: passed.length + Object.values(caught).reduce((sum, n) => sum + n, 0) }
}
