import { createTurns } from '../turns.ts'
import { isPlain } from './pdf-font.ts'

type Doc = PDFKit.PDFDocument

/** A column of a table on paper; widths of all together are at most 511 pt. */
export interface Column {
  readonly head: string
  readonly width: number
  readonly align?: 'right'
}

/** A sheet on paper: what writes, and what it can write. */
export interface Paper {
  readonly doc: Doc
  /** The text, or what stands for it where the font has no Chinese. */
  readonly say: (zh: string, en: string) => string
  readonly chinese: boolean
}

export const margin = 42
export const line = 13

/** The Chinese name where it can be written, else the English one, else nothing: the id stands beside it. */
export function nameOf(
  { zh, en }: { zh?: string | undefined; en?: string | undefined },
  chinese: boolean,
): string {
  const name = chinese ? (zh ?? en) : en
  return name !== undefined && (chinese || isPlain(name)) ? name : ''
}

/**
 * Rows below a head, which every page begins with again; what does not fit a column is cut. A row at a time, so that a
 * cohort of thousands keeps nobody waiting.
 */
export async function table(
  paper: Paper,
  columns: readonly Column[],
  lines: readonly (readonly string[])[],
): Promise<void> {
  const { doc } = paper
  const head = () => {
    doc.fontSize(7.5).fillColor('#555')
    row(
      paper,
      columns,
      columns.map((column) => column.head),
    )
    doc.fontSize(8).fillColor('black')
  }
  room(doc, 2 * line)
  head()
  const takeTurns = createTurns()
  for (const cells of lines) {
    if (room(doc, line)) head()
    row(paper, columns, cells)
    await takeTurns()
  }
}

function row({ doc, chinese }: Paper, columns: readonly Column[], cells: readonly string[]): void {
  const { y } = doc
  let x = margin
  for (const [i, { width, align }] of columns.entries()) {
    const text = fitted(doc, plain((cells[i] ?? '').replace(/\s+/g, ' '), chinese), width - 4)
    doc.text(text, x, y, { width: width - 4, align: align ?? 'left', lineBreak: false })
    x += width
  }
  doc.x = margin
  doc.y = y + line
}

/** Cut, so that it stays in its column: names come from people. */
function fitted(doc: Doc, whole: string, width: number): string {
  if (doc.widthOfString(whole) <= width) return whole
  let cut = whole.slice(0, 60)
  while (cut.length > 1 && doc.widthOfString(`${cut}...`) > width) cut = cut.slice(0, -1)
  return `${cut}...`
}

/** A new page where less than `height` is left; says if one was begun. */
export function room(doc: Doc, height: number): boolean {
  const isFull = doc.y + height > doc.page.height - margin - line
  if (isFull) doc.addPage()
  return isFull
}

/** The text as the font can write it: a question mark stands for what the built-in one has no signs for. */
export const plain = (text: string, chinese: boolean): string =>
  chinese ? text : text.replace(/./gsu, (sign) => (isPlain(sign) ? sign : '?'))
