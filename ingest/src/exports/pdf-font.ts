import { existsSync } from 'node:fs'

/** A font file with Chinese characters; `face` names the one of a collection (.ttc). */
export interface PdfFont {
  readonly path: string
  readonly face?: string
}

/** Where Debian's fonts-noto-cjk and fonts-wqy-* put theirs. */
const wellKnown: readonly PdfFont[] = [
  { path: '/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc', face: 'NotoSansCJKsc-Regular' },
  { path: '/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc', face: 'NotoSerifCJKsc-Regular' },
  { path: '/usr/share/fonts/truetype/wqy/wqy-microhei.ttc', face: 'WenQuanYiMicroHei' },
]

/** `HOURS_PDF_FONT` (`/path/font.otf`, or `/path/fonts.ttc#FaceName`), else a well-known one, else null. */
export function findPdfFont(given = process.env['HOURS_PDF_FONT']): PdfFont | null {
  if (given !== undefined && given !== '') {
    const [path = '', face] = given.split('#')
    return existsSync(path) ? { path, ...(face === undefined ? {} : { face }) } : null
  }
  return wellKnown.find(({ path }) => existsSync(path)) ?? null
}

/** What the built-in Helvetica can write (WinAnsi). */
export const isPlain = (text: string): boolean =>
  /^[\u0020-\u007e\u00a0-\u00ff\u2013\u2014\u2026]*$/.test(text)
