/** 1980-01-01 00:00:00, the first instant a ZIP can say. */
const epoch = 0x0021_0000
const endRecord = 0x0605_4b50
const centralRecord = 0x0201_4b50

/**
 * A ZIP whose entries all say that they were written in 1980 (APPNOTE 4.3.7, 4.3.12): the library puts the present there,
 * and the same figures must be the same bytes. Contents and checksums do not hold these fields.
 */
export function withFixedTimes(zip: Buffer): Buffer {
  const bytes = Buffer.from(zip)
  let end = bytes.length - 22
  while (end >= 0 && bytes.readUInt32LE(end) !== endRecord) end -= 1
  if (end < 0) return bytes
  let at = bytes.readUInt32LE(end + 16)
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left--) {
    if (bytes.readUInt32LE(at) !== centralRecord) return bytes
    bytes.writeUInt32LE(epoch, at + 12)
    bytes.writeUInt32LE(epoch, bytes.readUInt32LE(at + 42) + 10)
    at += 46 + bytes.readUInt16LE(at + 28) + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32)
  }
  return bytes
}
