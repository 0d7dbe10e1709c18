import { printedText, printedUnit } from '@hours/protocol'
import PDFDocument from 'pdfkit'
import { definitions, reading } from './definitions.ts'
import type { FigureRow, FigureSheet } from './figure-sheet.ts'
import { findPdfFont, isPlain, type PdfFont } from './pdf-font.ts'
import { aboutRows } from './workbook.ts'

type Doc = PDFKit.PDFDocument

interface Column {
  readonly head: string
  readonly width: number
  readonly align?: 'right'
}

/** A sheet on paper: what writes, and what it can write. */
interface Paper {
  readonly doc: Doc
  /** The text, or what stands for it where the font has no Chinese. */
  readonly say: (zh: string, en: string) => string
  readonly chinese: boolean
}

const margin = 42
const line = 13

/**
 * A printable assessment: figures with bounds, denominators, coverage and grade, each instrument, what every figure
 * means, and the checkpoint of the log it was made from. The same bytes for the same sheet and font. Without a font that
 * has Chinese characters names are given in English or as ids, and the document says so.
 */
export async function figuresPdf(sheet: FigureSheet, font: PdfFont | null = findPdfFont()): Promise<Buffer> {
  const doc = new PDFDocument({
    size: 'A4',
    margin,
    bufferPages: true,
    info: {
      Title: `Assessment ${sheet.scope} ${sheet.period}`,
      Creator: 'Instrument Hours',
      // The sheet decides the bytes, not the hour at which somebody printed it.
      CreationDate: new Date(sheet.to),
    },
  })
  const parts: Buffer[] = []
  const ended = new Promise<void>((resolve, reject) => {
    doc.on('end', resolve)
    doc.on('error', reject)
  })
  doc.on('data', (part: Buffer) => parts.push(part))
  if (font) doc.registerFont('text', font.path, font.face)
  doc.font(font ? 'text' : 'Helvetica')
  const paper: Paper = {
    doc,
    chinese: font !== null,
    say: (zh, en) => (font ? `${zh}  ${en}` : en),
  }
  head(paper, sheet)
  figures(paper, sheet)
  instruments(paper, sheet)
  meanings(paper, sheet)
  feet(paper, sheet)
  doc.end()
  await ended
  return Buffer.concat(parts)
}

function head({ doc, say, chinese }: Paper, sheet: FigureSheet): void {
  doc.fontSize(17).text(say('仪器机时评价表', 'Assessment of instrument hours'))
  if (sheet.simulated)
    doc.fontSize(12).fillColor('#a40000').text(say('模拟数据', 'SIMULATED')).fillColor('black')
  doc.fontSize(9).moveDown(0.5)
  for (const [what, value] of aboutRows(sheet)) doc.text(`${what}: ${value}`)
  doc.moveDown(0.5).text(chinese ? `${reading.zh}\n${reading.en}` : reading.en)
  if (!chinese)
    doc
      .moveDown(0.5)
      .text(
        'No font with Chinese characters was found: names are given in English or as ids. Set HOURS_PDF_FONT to one.',
      )
  doc.moveDown(0.8)
}

function figures(paper: Paper, sheet: FigureSheet): void {
  const { doc, say } = paper
  const [first] = sheet.rows
  doc
    .fontSize(12)
    .text(`${say('指标', 'Figures')}: ${sheet.scope}, ${sheet.period}`)
    .moveDown(0.3)
  const columns: Column[] = [
    { head: 'id', width: 138 },
    { head: say('数值', 'value'), width: 62, align: 'right' },
    { head: say('下限', 'lower'), width: 62, align: 'right' },
    { head: say('上限', 'upper'), width: 62, align: 'right' },
    { head: '', width: 34 },
    { head: say('分母', 'over'), width: 60 },
    { head: say('覆盖', 'coverage'), width: 56, align: 'right' },
    { head: say('等级', 'grade'), width: 37 },
  ]
  table(paper, columns, sheet.rows.filter(({ of }) => of === first?.of).map(figureLine))
}

function figureLine(row: FigureRow): string[] {
  const bound = (value: number | null) => (value === null ? '' : printedText(value, row.unit))
  return [
    row.kpi,
    printedText(row.value, row.unit),
    bound(row.lower),
    bound(row.upper),
    printedUnit[row.unit],
    row.denominator ?? '',
    printedText(row.coverage, 'share'),
    row.grade === 'not verifiable' ? 'n.v.' : (row.grade ?? ''),
  ]
}

function instruments(paper: Paper, sheet: FigureSheet): void {
  const { doc, say, chinese } = paper
  doc.moveDown(1).fontSize(12).text(say('仪器', 'Instruments'), margin).moveDown(0.3)
  const columns: Column[] = [
    { head: 'id', width: 106 },
    { head: say('名称', 'name'), width: 118 },
    ...['P h', 'E h', 'X h'].map((name): Column => ({ head: name, width: 50, align: 'right' })),
    { head: 'X/E %', width: 46, align: 'right' },
    { head: say('覆盖', 'cover'), width: 50, align: 'right' },
    { head: say('等级', 'grade'), width: 41 },
  ]
  const lines = sheet.instruments.map(({ key, names, figures: f }) => [
    key,
    nameOf(names, chinese),
    ...[f.on, f.effective, f.external].map((ms) => printedText(ms, 'ms')),
    printedText(f.rates.shareHours.value, 'share'),
    printedText(f.rates.coverage.value, 'share'),
    f.grade === 'not verifiable' ? 'n.v.' : f.grade,
  ])
  table(paper, columns, lines)
}

/** The Chinese name where it can be written, else the English one, else nothing: the id stands beside it. */
function nameOf({ zh, en }: { zh?: string | undefined; en?: string | undefined }, chinese: boolean): string {
  const name = chinese ? (zh ?? en) : en
  return name !== undefined && (chinese || isPlain(name)) ? name : ''
}

function meanings({ doc, say, chinese }: Paper, sheet: FigureSheet): void {
  room(doc, 6 * line)
  doc.moveDown(1).fontSize(12).text(say('定义', 'Definitions'), margin).moveDown(0.3).fontSize(8)
  for (const kpi of new Set(sheet.rows.map((row) => row.kpi))) {
    const meaning = definitions.get(kpi)
    if (meaning) doc.text(`${kpi}: ${chinese ? `${meaning.zh}; ` : ''}${meaning.en}`, margin)
  }
}

function table(
  { doc, chinese }: Paper,
  columns: readonly Column[],
  lines: readonly (readonly string[])[],
): void {
  const put = (cells: readonly string[]) => {
    room(doc, line)
    const { y } = doc
    let x = margin
    for (const [i, { width, align }] of columns.entries()) {
      const cell = cells[i] ?? ''
      const text = fitted(doc, chinese || isPlain(cell) ? cell : '?', width - 4)
      doc.text(text, x, y, { width: width - 4, align: align ?? 'left', lineBreak: false })
      x += width
    }
    doc.x = margin
    doc.y = y + line
  }
  doc.fontSize(7.5).fillColor('#555')
  put(columns.map((column) => column.head))
  doc.fontSize(8).fillColor('black')
  for (const cells of lines) put(cells)
}

/** Cut, so that it stays in its column: names come from people. */
function fitted(doc: Doc, text: string, width: number): string {
  const whole = text.replace(/\s+/g, ' ')
  if (doc.widthOfString(whole) <= width) return whole
  let cut = whole.slice(0, 60)
  while (cut.length > 1 && doc.widthOfString(`${cut}...`) > width) cut = cut.slice(0, -1)
  return `${cut}...`
}

function room(doc: Doc, height: number): void {
  if (doc.y + height > doc.page.height - margin - line) doc.addPage()
}

/** On every page: what it is of, and which page of how many. */
function feet({ doc }: Paper, sheet: FigureSheet): void {
  const { start, count } = doc.bufferedPageRange()
  const mark = sheet.simulated ? 'SIMULATED  ' : ''
  for (let page = start; page < start + count; page++) {
    doc.switchToPage(page)
    doc.page.margins.bottom = 0
    doc
      .fontSize(7)
      .fillColor('#555')
      .text(`${mark}${sheet.scope}  ${sheet.period}  ${page + 1}/${count}`, margin, doc.page.height - 30, {
        lineBreak: false,
      })
  }
}
