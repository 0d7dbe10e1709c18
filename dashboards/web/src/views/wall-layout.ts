/** What tiles are to fill, px; `scale` = the font of the page by 16 px. */
export interface Surface {
  readonly width: number
  readonly height: number
  readonly scale: number
}

/** How a wall screen is divided. */
export interface WallLayout {
  readonly columns: number
  readonly rows: number
}

/** Tiles are best about this much wider than high. */
const aspect = 1.75
/** Smaller than this (px at a font of 16 px) and nobody reads it from across a room. */
const least = { width: 178, height: 116 }

/** How many tiles a surface holds that can still be read. */
export const wallCapacity = ({ width, height, scale }: Surface): number =>
  Math.max(1, Math.floor(width / (least.width * scale))) *
  Math.max(1, Math.floor(height / (least.height * scale)))

/**
 * Columns and rows in which tiles are largest on a surface of px. `wide` tiles take two places, as long as there are two
 * columns; the order of the others fills the gaps.
 */
export function wallLayout(
  { wide, single }: { readonly wide: number; readonly single: number },
  { width, height }: Pick<Surface, 'width' | 'height'>,
): WallLayout {
  let best: WallLayout & { readonly size: number } = { columns: 1, rows: 1, size: 0 }
  for (let columns = 1; columns <= Math.max(1, wide * 2 + single); columns++) {
    const rows = rowsFor({ wide, single }, columns)
    const size = Math.min(width / columns / aspect, height / rows)
    if (size > best.size) best = { columns, rows, size }
  }
  return { columns: best.columns, rows: best.rows }
}

function rowsFor({ wide, single }: { wide: number; single: number }, columns: number): number {
  if (columns === 1) return Math.max(1, wide + single)
  const wideRows = Math.ceil(wide / Math.floor(columns / 2))
  const left = wideRows * columns - wide * 2
  return Math.max(1, wideRows + Math.ceil(Math.max(0, single - left) / columns))
}
