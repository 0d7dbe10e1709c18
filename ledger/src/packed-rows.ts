/** Numbers, each with bytes of one length (digests, hashes), in the order they came; packed, because a year has many. */
export interface PackedRows {
  readonly count: number
  append(number: number, bytes: Uint8Array): void
  /** Views, good until the next `append`. */
  numbers(): Float64Array
  bytes(): Uint8Array
}

export function createPackedRows(rowBytes: number, firstRoom: number): PackedRows {
  let numbers = new Float64Array(firstRoom)
  let rows = new Uint8Array(firstRoom * rowBytes)
  let count = 0
  return {
    get count() {
      return count
    },
    append(number, bytes) {
      if (count === numbers.length) {
        const [more, room] = [new Float64Array(count * 2), new Uint8Array(count * 2 * rowBytes)]
        more.set(numbers)
        room.set(rows)
        numbers = more
        rows = room
      }
      numbers[count] = number
      rows.set(bytes, count * rowBytes)
      count += 1
    },
    numbers: () => numbers.subarray(0, count),
    bytes: () => rows.subarray(0, count * rowBytes),
  }
}
