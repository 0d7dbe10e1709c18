import { printedText, printedUnit } from '@hours/protocol'
import PDFDocument from 'pdfkit'
import { assessmentPages } from './assessment-pages.ts'
import { definitions, reading } from './definitions.ts'
import type { FigureRow, FigureSheet } from './figure-sheet.ts'
import { type Column, line, margin, nameOf, type Paper, room, table } from './paper.ts'
import { findPdfFont, type PdfFont } from './pdf-font.ts'
import { aboutRows } from './workbook.ts'

/**
 * A printable assessment: what a rule set makes of them where that was asked for; figures with bounds, denominators,
 * coverage and grade, each instrument, what every figure means, and the checkpoint of the log it was made from. The same
 * bytes for the same sheet and font. Without a font that has Chinese characters names are given in English or as ids, and the document says so.
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
  if (sheet.assessment) await assessmentPages(paper, sheet.assessment)
  await figures(paper, sheet)
  await instruments(paper, sheet)
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

async function figures(paper: Paper, sheet: FigureSheet): Promise<void> {
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
  await table(paper, columns, sheet.rows.filter(({ of }) => of === first?.of).map(figureLine))
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

async function instruments(paper: Paper, sheet: FigureSheet): Promise<void> {
  const { doc, say, chinese } = paper
  doc.moveDown(1).fontSize(12).text(say('仪器', 'Instruments'), margin).moveDown(0.3)
  const columns: Column[] = [
    { head: 'id', width: 86 },
    { head: say('名称', 'name'), width: 77 },
    ...['P h', 'P max', 'E h', 'E max', 'X h', 'X max'].map(
      (name): Column => ({ head: name, width: 38, align: 'right' }),
    ),
    { head: 'X/E %', width: 40, align: 'right' },
    { head: say('覆盖', 'cover'), width: 44, align: 'right' },
    { head: say('等级', 'grade'), width: 36 },
  ]
  const lines = sheet.instruments.map(({ key, names, figures: f }) => [
    key,
    nameOf(names, chinese),
    ...[f.on, f.onUpper, f.effective, f.effectiveUpper, f.external, f.externalUpper].map((ms) =>
      printedText(ms, 'ms'),
    ),
    printedText(f.rates.shareHours.value, 'share'),
    printedText(f.rates.coverage.value, 'share'),
    f.grade === 'not verifiable' ? 'n.v.' : f.grade,
  ])
  await table(paper, columns, lines)
}

function meanings({ doc, say, chinese }: Paper, sheet: FigureSheet): void {
  room(doc, 6 * line)
  doc.moveDown(1).fontSize(12).text(say('定义', 'Definitions'), margin).moveDown(0.3).fontSize(8)
  for (const kpi of new Set(sheet.rows.map((row) => row.kpi))) {
    const meaning = definitions.get(kpi)
    if (meaning) doc.text(`${kpi}: ${chinese ? `${meaning.zh}; ` : ''}${meaning.en}`, margin)
  }
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
