/** Where the lines of a bundle lie, and where in the log each is said to stand: 20 bytes a line, because a year has many. */
export interface PlaceTable {
  readonly count: number
  add(line: PlacedLine): void
  /** Forgets all from number `count` on. */
  cut(count: number): void
  /** Numbers of all lines in log order; of two at one place the one that came first. */
  inOrder(): Iterable<number>
  get(number: number): PlacedLine
}

export interface PlacedLine {
  readonly year: number
  readonly index: number
  /** Number of the file among those of the bundle. */
  readonly file: number
  /** Where in the file it begins, and its length without the newline. */
  readonly at: number
  readonly length: number
}

const firstRoom = 1_024

export function createPlaceTable(): PlaceTable {
  let years = new Uint16Array(firstRoom)
  let indices = new Float64Array(firstRoom)
  let files = new Uint32Array(firstRoom)
  let begins = new Uint32Array(firstRoom)
  let lengths = new Uint16Array(firstRoom)
  let count = 0

  function grow(): void {
    years = larger(years, new Uint16Array(count * 2))
    indices = larger(indices, new Float64Array(count * 2))
    files = larger(files, new Uint32Array(count * 2))
    begins = larger(begins, new Uint32Array(count * 2))
    lengths = larger(lengths, new Uint16Array(count * 2))
  }
  const compare = (a: number, b: number) =>
    (years[a] ?? 0) - (years[b] ?? 0) || (indices[a] ?? 0) - (indices[b] ?? 0) || a - b

  return {
    get count() {
      return count
    },
    add({ year, index, file, at, length }) {
      if (count === years.length) grow()
      years[count] = year
      indices[count] = index
      files[count] = file
      begins[count] = at
      lengths[count] = length
      count += 1
    },
    cut: (to) => void (count = to),
    // Each file is in order, so this is a merge: the sort of arrays, unlike that of typed ones, makes use of it.
    inOrder: () => Array.from({ length: count }, (_, i) => i).sort(compare),
    get: (i) => ({
      year: years[i] ?? 0,
      index: indices[i] ?? 0,
      file: files[i] ?? 0,
      at: begins[i] ?? 0,
      length: lengths[i] ?? 0,
    }),
  }
}

function larger<A extends Uint16Array | Uint32Array | Float64Array>(from: A, to: A): A {
  to.set(from)
  return to
}
