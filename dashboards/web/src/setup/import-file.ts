import { request } from '../api-request.ts'
import type { ImportResult } from '../api-shapes.ts'

/** A file as it was chosen: its bytes travel as they are, and the server is told how they are to be read. */
export interface ImportFile {
  readonly name: string
  readonly bytes: ArrayBuffer
  readonly charset: 'utf-8' | 'gb18030' | 'utf-16le'
}

/** Reads a file; what is no UTF-8 was saved by a spreadsheet in China, in its old encoding. */
export async function chosenFile(file: File): Promise<ImportFile> {
  const bytes = await file.arrayBuffer()
  return { name: file.name, bytes, charset: charsetOf(new Uint8Array(bytes)) }
}

/** By the mark at its beginning, else whether its bytes are UTF-8. */
export function charsetOf(bytes: Uint8Array): ImportFile['charset'] {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le'
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return 'utf-8'
  } catch {
    return 'gb18030'
  }
}

const types: Readonly<Record<string, string>> = {
  ics: 'text/calendar',
  json: 'application/json',
  csv: 'text/csv',
}

/** Sends a file; `dryRun` writes nothing and tells each row's fate. */
export async function sendImport(
  { name, bytes, charset }: ImportFile,
  { kind, dryRun }: { readonly kind: string; readonly dryRun: boolean },
): Promise<ImportResult> {
  const query = new URLSearchParams({ dryRun: dryRun ? '1' : '0', charset })
  // A calendar has bookings in it, and other files say it themselves, unless somebody says otherwise.
  if (kind !== '') query.set('kind', kind)
  const type = types[name.slice(name.lastIndexOf('.') + 1).toLowerCase()] ?? 'application/octet-stream'
  return request<ImportResult>(`/api/v1/imports?${query}`, {
    method: 'POST',
    headers: { 'content-type': type },
    body: bytes,
    patienceMs: Number.POSITIVE_INFINITY,
  })
}
