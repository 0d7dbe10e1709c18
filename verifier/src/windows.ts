/** So much of a file is read at once: some thirty pages. */
const windowBytes = 64 * 1024
/** As many files as take turns at most, without reading a window for every line: 16 MB in all, where there are so many. */
const maxWindows = 256

interface Window {
  readonly at: number
  readonly bytes: Uint8Array
}

/**
 * Reads small parts of many files through windows, because a part mostly stands behind the one read before it. A window
 * that was read to the end of its file is let go: the file of a day is not read again.
 */
export function createWindows(part: (name: string, at: number, length: number) => Uint8Array): {
  /** As far as the file goes; a view into a window, which stays what it is. */
  read(name: string, at: number, length: number): Uint8Array
} {
  const windows = new Map<string, Window>()
  return {
    read(name, at, length) {
      const known = windows.get(name)
      if (known && at >= known.at && at + length <= known.at + known.bytes.length) {
        // One more is the newline.
        if (at + length + 1 >= known.at + known.bytes.length) windows.delete(name)
        return known.bytes.subarray(at - known.at, at - known.at + length)
      }
      windows.delete(name)
      const [oldest] = windows.size >= maxWindows ? windows.keys() : []
      if (oldest !== undefined) windows.delete(oldest)
      const bytes = part(name, at, Math.max(length, windowBytes))
      windows.set(name, { at, bytes })
      return bytes.subarray(0, length)
    },
  }
}
