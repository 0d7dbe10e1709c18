import fc from 'fast-check'
import { expect, it } from 'vitest'
import { nodeCrypto } from '../node/index.ts'
import { utf8 } from './bytes.ts'
import { createDigestRows } from './digest-rows.ts'
import { recordDigest } from './signed-record.ts'

it('gives back what a map of lists would, whatever the order of seqs', () => {
  const seq = fc.oneof(fc.nat(40), fc.constantFrom(2 ** 31, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER))
  fc.assert(
    fc.property(fc.array(seq, { maxLength: 80 }), (seqs) => {
      const rows = createDigestRows()
      const lists = new Map<number, string[]>()
      for (const [i, at] of seqs.entries()) {
        const digest = recordDigest(utf8(`${i}`), nodeCrypto.sha256)
        rows.add(at, digest)
        lists.set(at, [...(lists.get(at) ?? []), digest])
      }
      for (let at = 0; at <= 41; at++) expect(rows.at(at)).toEqual(lists.get(at) ?? [])
      for (const [at, list] of lists) expect(rows.at(at)).toEqual(list)
    }),
    { numRuns: 300 },
  )
})
