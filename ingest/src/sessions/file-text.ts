import { accept, type Decoded, refuse } from '@hours/protocol'

export type FileCode =
  | 'empty'
  | 'zip'
  | 'binary'
  | 'not_text'
  | 'unknown_charset'
  | 'bad_format'
  | 'bad_header'
  | 'bad_option'

/** Encodings that spreadsheets write; everything else has to be saved anew. */
const charsets: Readonly<Record<string, string>> = {
  'utf-8': 'utf-8',
  utf8: 'utf-8',
  gb18030: 'gb18030',
  gbk: 'gb18030',
  gb2312: 'gb18030',
  'utf-16le': 'utf-16le',
}

const save = 'save the sheet as "CSV UTF-8" and send that'
const begins = (bytes: Uint8Array, ...magic: number[]) => magic.every((byte, i) => bytes[i] === byte)

/** The text of an uploaded file; what is no text is refused by what it is, and no byte is ever guessed. */
export function fileText(bytes: Uint8Array, charset?: string): Decoded<string, FileCode> {
  if (bytes.length === 0) return refuse('empty', 'the file is empty')
  if (begins(bytes, 0x50, 0x4b))
    return refuse('zip', `this is a ZIP archive, as XLSX and ODS files are; ${save}`)
  if (begins(bytes, 0x1f, 0x8b)) return refuse('zip', 'this is gzip; unpack it and send what is inside')
  if (begins(bytes, 0xd0, 0xcf, 0x11, 0xe0)) return refuse('binary', `this is an old XLS file; ${save}`)
  if (begins(bytes, 0x25, 0x50, 0x44, 0x46)) return refuse('binary', 'this is a PDF; send the table itself')
  const utf16 = begins(bytes, 0xff, 0xfe)
  const name = utf16 ? 'utf-16le' : charsets[(charset ?? 'utf-8').toLowerCase()]
  if (name === undefined)
    return refuse('unknown_charset', `charset "${String(charset).slice(0, 40)}": utf-8 or gb18030`)
  try {
    const text = new TextDecoder(name, { fatal: true }).decode(bytes)
    if (text.includes('\u0000')) return refuse('binary', `the file holds NUL bytes: it is no text; ${save}`)
    return text.trim() === '' ? refuse('empty', 'the file holds nothing but blanks') : accept(text)
  } catch {
    const at = name === 'utf-8' ? ` (first at byte ${firstFault(bytes)})` : ''
    return refuse(
      'not_text',
      `the bytes are not valid ${name}${at}; ${save}, or say charset=gb18030 if it was saved in China's old encoding`,
    )
  }
}

/** Where UTF-8 breaks: halving, as the decoder does not say. */
function firstFault(bytes: Uint8Array): number {
  const good = (end: number) => {
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, end), { stream: true })
      return true
    } catch {
      return false
    }
  }
  let [low, high] = [0, bytes.length]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (good(middle)) low = middle
    else high = middle - 1
  }
  return low
}
