import fc from 'fast-check'

/** For fuzz tests: pieces that break texts of any kind. */
const pieces = ['\n', '\n\n', ' ', '+', '— ', '0', '=', '.', '"', '\u0000']

/**
 * Noise, and good texts with up to `edits` pieces cut out and put in: the second kind reaches further into a parser.
 * `pieces` are put in beside random ones.
 */
export function hostileText(
  samples: readonly string[],
  { edits = 3, put = pieces }: { readonly edits?: number; readonly put?: readonly string[] } = {},
): fc.Arbitrary<string> {
  const edit = fc.record({
    at: fc.nat(),
    cut: fc.nat({ max: 20 }),
    put: fc.oneof(fc.string({ unit: 'binary', maxLength: 8 }), fc.constantFrom(...put)),
  })
  const edited = fc
    .tuple(fc.constantFrom(...samples), fc.array(edit, { maxLength: edits }))
    .map(([sample, all]) =>
      all.reduce((whole, { at, cut, put: piece }) => {
        const place = at % (whole.length + 1)
        return whole.slice(0, place) + piece + whole.slice(place + cut)
      }, sample),
    )
  return fc.oneof(
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 300 }) },
    { weight: 3, arbitrary: edited },
  )
}
